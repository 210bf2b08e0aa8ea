using CronCloud.Core.Streams;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.Streams;

/// <summary>
/// One stream of the twin: messages in memory, each written to the file before its publish is answered. A message that all readers have
/// acknowledged leaves its id behind for the duplicate window.
/// </summary>
internal sealed class SqliteStream
{
    private readonly SqliteStreamFile _file;
    private readonly string _table;
    private readonly long _maxMessages;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _ids = [];
    private readonly Queue<(string Id, long Sequence, DateTimeOffset At)> _window = [];
    private readonly SqliteStreamReader[] _readers;
    private long _lastSequence;
    private long _unfinished;

    public SqliteStream(SqliteStreamFile file, string table, int readers, long maxMessages, TimeProvider time)
    {
        _file = file;
        _table = table;
        _maxMessages = maxMessages;
        _time = time;
        _readers = [.. Enumerable.Range(0, readers).Select(reader => new SqliteStreamReader(time, (message, cancellation) => FinishAsync(message, reader, cancellation)))];
    }

    /// <summary>Reads what an earlier process left.</summary>
    public Task OpenAsync() => _file.WriteAsync(connection =>
    {
        using (var create = connection.CreateCommand())
        {
            create.CommandText = $"CREATE TABLE IF NOT EXISTS {_table} (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at_ms INTEGER NOT NULL, body BLOB, acked INTEGER NOT NULL)";
            create.ExecuteNonQuery();
        }

        using var read = connection.CreateCommand();
        read.CommandText = $"SELECT seq, id, at_ms, body, acked FROM {_table} ORDER BY seq";
        using var rows = read.ExecuteReader();
        while (rows.Read())
            Restore(rows.GetInt64(0), rows.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(2)), rows.IsDBNull(3) ? null : rows.GetFieldValue<byte[]>(3), rows.GetInt32(4));
    });

    public async Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages)
    {
        var results = new bool[messages.Count];
        var fresh = new List<SqliteMessage>();
        long prunedTo;
        var copies = false;
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            prunedTo = Forget(now);
            for (var i = 0; i < messages.Count; i++)
            {
                results[i] = true;
                if (_ids.ContainsKey(messages[i].Id))
                {
                    copies = true;
                    continue;
                }

                if (_unfinished >= _maxMessages)
                {
                    results[i] = false;
                    continue;
                }

                var message = new SqliteMessage(++_lastSequence, messages[i].Id, messages[i].Body.ToArray(), now);
                Remember(message.Id, message.Sequence, now);
                _unfinished++;
                fresh.Add(message);
            }
        }

        if (fresh.Count > 0 || prunedTo > 0 || copies)
            await StoreAsync(fresh, prunedTo);
        foreach (var reader in _readers)
            reader.Add(fresh);
        return results;
    }

    public Task<IReadOnlyList<Delivery>> PullAsync(int reader, int max, TimeSpan wait, CancellationToken cancellation) => _readers[reader].PullAsync(max, wait, cancellation);

    public long Count(int reader) => _readers[reader].Count;

    public QueueState ReadState(int reader) => _readers[reader].ReadState();

    public DateTimeOffset? ReadNext(int reader) => _readers[reader].ReadNext();

    private int AllReaders => (1 << _readers.Length) - 1;

    private void Restore(long sequence, string id, DateTimeOffset at, byte[]? body, int acked)
    {
        _lastSequence = sequence;
        Remember(id, sequence, _time.GetUtcNow()); // the window begins anew: however long the process was away, what it publishes again is a copy
        if (body is null)
            return;
        _unfinished++;
        var message = new SqliteMessage(sequence, id, body, at) { Acked = acked };
        for (var reader = 0; reader < _readers.Length; reader++)
        {
            if ((acked & (1 << reader)) == 0)
                _readers[reader].Add([message]);
        }
    }

    private void Remember(string id, long sequence, DateTimeOffset at)
    {
        _ids[id] = sequence;
        _window.Enqueue((id, sequence, at));
    }

    /// <summary>Drops ids older than the window; answers the sequence up to which finished rows may be deleted.</summary>
    private long Forget(DateTimeOffset now)
    {
        var prunedTo = 0L;
        while (_window.TryPeek(out var oldest) && oldest.At + StreamLimits.DuplicateWindow < now)
        {
            _window.Dequeue();
            _ids.Remove(oldest.Id);
            prunedTo = oldest.Sequence;
        }

        return prunedTo;
    }

    /// <summary>Also for a copy alone: its publisher is answered when the first one is in the file, not before.</summary>
    private async Task StoreAsync(List<SqliteMessage> messages, long prunedTo)
    {
        try
        {
            await _file.WriteAsync(connection => Insert(connection, messages, prunedTo));
        }
        catch
        {
            lock (_lock)
            {
                _unfinished -= messages.Count;
                foreach (var message in messages)
                    _ids.Remove(message.Id);
            }

            throw;
        }
    }

    private void Insert(SqliteConnection connection, List<SqliteMessage> messages, long prunedTo)
    {
        using var insert = connection.CreateCommand();
        insert.CommandText = $"INSERT INTO {_table} (seq, id, at_ms, body, acked) VALUES ($seq, $id, $at, $body, 0)";
        var (seq, id, at, body) = (insert.Parameters.Add("$seq", SqliteType.Integer), insert.Parameters.Add("$id", SqliteType.Text), insert.Parameters.Add("$at", SqliteType.Integer), insert.Parameters.Add("$body", SqliteType.Blob));
        foreach (var message in messages)
        {
            (seq.Value, id.Value, at.Value, body.Value) = (message.Sequence, message.Id, message.At.ToUnixTimeMilliseconds(), message.Body);
            insert.ExecuteNonQuery();
        }

        if (prunedTo > 0)
        {
            using var prune = connection.CreateCommand();
            prune.CommandText = $"DELETE FROM {_table} WHERE seq <= $to AND body IS NULL";
            prune.Parameters.AddWithValue("$to", prunedTo);
            prune.ExecuteNonQuery();
        }
    }

    private Task FinishAsync(SqliteMessage message, int reader, CancellationToken cancellation)
    {
        bool finished;
        lock (_lock)
        {
            message.Acked |= 1 << reader;
            finished = message.Acked == AllReaders;
            if (finished)
                _unfinished--;
        }

        return _file.WriteAsync(connection =>
        {
            using var update = connection.CreateCommand();
            update.CommandText = $"UPDATE {_table} SET acked = acked | $bit, body = CASE WHEN (acked | $bit) = $all THEN NULL ELSE body END WHERE seq = $seq";
            update.Parameters.AddWithValue("$bit", 1 << reader);
            update.Parameters.AddWithValue("$all", AllReaders);
            update.Parameters.AddWithValue("$seq", message.Sequence);
            update.ExecuteNonQuery();
        }).WaitAsync(cancellation);
    }
}

/// <summary>A message of a stream twin. Acked has a bit per reader.</summary>
internal sealed record SqliteMessage(long Sequence, string Id, byte[] Body, DateTimeOffset At)
{
    public int Acked { get; set; }
}
