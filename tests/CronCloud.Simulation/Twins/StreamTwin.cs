using CronCloud.Core.Streams;

namespace CronCloud.Simulation.Twins;

/// <summary>
/// A stream in memory, with the promises of JetStream and what may go wrong with them: it forgets ids when it is restarted, it can be emptied, and it may
/// hand a message out again that was acknowledged. The lock is for contract tests, which have threads.
/// </summary>
internal sealed class StreamTwin
{
    private static readonly TimeSpan DuplicateWindow = TimeSpan.FromMinutes(2);

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _ids = [];
    private readonly Queue<(string Id, DateTimeOffset At)> _window = new();
    private readonly List<TwinMessage> _messages = [];
    private readonly List<TwinMessage> _lost = [];
    private readonly StreamTwinReader[] _readers;
    private long _lastSequence;

    public StreamTwin(int readers, TimeProvider time)
    {
        _time = time;
        _readers = [.. Enumerable.Range(0, readers).Select(reader => new StreamTwinReader(_lock, time, message => Finish(message, reader)))];
    }

    /// <summary>When the oldest message came that a reader has not acknowledged; null when there is none.</summary>
    public DateTimeOffset? Oldest
    {
        get
        {
            lock (_lock)
                return _messages.Count > 0 ? _messages[0].At : null;
        }
    }

    public IReadOnlyList<bool> Publish(IReadOnlyList<StreamMessage> messages)
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            while (_window.TryPeek(out var oldest) && oldest.At + DuplicateWindow < now)
                _ids.Remove(_window.Dequeue().Id);
            foreach (var message in messages.Where(m => _ids.TryAdd(m.Id, now)))
            {
                _window.Enqueue((message.Id, now));
                Put(new TwinMessage(++_lastSequence, message.Id, message.Body, now));
            }
        }

        return [.. messages.Select(_ => true)];
    }

    public Task<IReadOnlyList<Delivery>> PullAsync(int reader, int max, TimeSpan wait, CancellationToken cancellation) => _readers[reader].PullAsync(max, wait, cancellation);

    public long Count(int reader) => _readers[reader].Count;

    public QueueState ReadState(int reader) => _readers[reader].ReadState();

    public DateTimeOffset? ReadNext(int reader) => _readers[reader].ReadNext();

    /// <summary>Everything that was handed out and not acknowledged is to be handed out again, as when the server or its clients start again.</summary>
    public void Restart()
    {
        foreach (var reader in _readers)
            reader.TakeBackAll();
    }

    /// <summary>Ids of acknowledged messages are forgotten: what a restarted server does.</summary>
    public void ForgetIds()
    {
        lock (_lock)
        {
            _ids.Clear();
            _window.Clear();
            foreach (var message in _messages.Where(m => _ids.TryAdd(m.Id, m.At)))
                _window.Enqueue((message.Id, message.At));
        }
    }

    /// <summary>How often a message of that id, or of one with a suffix after a tilde, was handed to a reader.</summary>
    public int Claims(string id) => _readers.Sum(r => r.HandedOut.GetValueOrDefault(id));

    /// <summary>The messages that were lost before all readers had acknowledged them.</summary>
    public IReadOnlyList<TwinMessage> Lost => _lost;

    /// <summary>The server lost its store. Answers how many messages were lost.</summary>
    public int Empty()
    {
        lock (_lock)
        {
            var lost = _messages.Count;
            _lost.AddRange(_messages);
            foreach (var reader in _readers)
                reader.Empty();
            _messages.Clear();
            _ids.Clear();
            _window.Clear();
            return lost;
        }
    }

    /// <summary>A message reaches its readers a second time, whether they have acknowledged it or not. Answers its id; null when there is none.</summary>
    public string? Duplicate(Func<int, int> choose)
    {
        lock (_lock)
        {
            if (_messages.Count == 0)
                return null;
            var copied = _messages[choose(_messages.Count)];
            Put(copied with { Sequence = ++_lastSequence, At = _time.GetUtcNow() });
            return copied.Id;
        }
    }

    private void Put(TwinMessage message)
    {
        message = message with { };
        message.Acked = 0;
        _messages.Add(message);
        foreach (var reader in _readers)
            reader.Add(message);
    }

    private void Finish(TwinMessage message, int reader)
    {
        message.Acked |= 1 << reader;
        if (message.Acked == (1 << _readers.Length) - 1)
            _messages.Remove(message);
    }
}

/// <summary>A message of a stream's twin. Acked has a bit per reader.</summary>
internal sealed record TwinMessage(long Sequence, string Id, ReadOnlyMemory<byte> Body, DateTimeOffset At)
{
    public int Acked { get; set; }

    public bool Equals(TwinMessage? other) => Sequence == other?.Sequence;

    public override int GetHashCode() => Sequence.GetHashCode();
}
