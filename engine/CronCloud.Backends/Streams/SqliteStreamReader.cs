using CronCloud.Core;
using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>One reader's place in a stream twin: what waits, and what is handed out and not acknowledged yet.</summary>
internal sealed class SqliteStreamReader(TimeProvider time, Func<SqliteMessage, CancellationToken, Task> finish)
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(SqliteMessage Message, int Count), long> _waiting = new();
    private readonly PriorityQueue<Handed, DateTimeOffset> _later = new();
    private readonly Dictionary<long, Handed> _handed = [];
    private readonly SortedDictionary<long, DateTimeOffset> _open = [];
    private TaskCompletionSource _arrived = NewSignal();
    private long _lastGiven;

    public long Count
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    public QueueState ReadState()
    {
        lock (_lock)
            return new QueueState(_waiting.Count, _open.Count > 0 ? _open.First().Value : null);
    }

    public DateTimeOffset? ReadNext()
    {
        lock (_lock)
            return _open.FirstOrDefault(message => message.Key > _lastGiven) is { Key: > 0 } next ? next.Value : null;
    }

    public void Add(IReadOnlyList<SqliteMessage> messages)
    {
        if (messages.Count == 0)
            return;
        lock (_lock)
        {
            foreach (var message in messages)
            {
                _open.Add(message.Sequence, message.At);
                _waiting.Enqueue((message, 0), message.Sequence);
            }

            _arrived.TrySetResult();
        }
    }

    public async Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation)
    {
        var until = time.GetUtcNow() + wait;
        while (true)
        {
            Task arrived;
            TimeSpan pause;
            lock (_lock)
            {
                var now = time.GetUtcNow();
                TakeBackOverdue(now);
                while (_later.TryPeek(out var next, out var at) && at <= now)
                    PutBack(_later.Dequeue());
                var deliveries = HandOut(max, now);
                if (deliveries.Count > 0 || now >= until)
                    return deliveries;
                arrived = _arrived.Task;
                pause = PauseUntil(until, now);
            }

            await arrived.EndsWithinAsync(pause, time, cancellation);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>False when the message was taken back and handed to somebody else meanwhile.</summary>
    public bool Extend(long sequence, int count)
    {
        lock (_lock)
        {
            if (!IsHeld(sequence, count, out var handed))
                return false;
            handed.Deadline = time.GetUtcNow() + Deliveries.AckWait;
            return true;
        }
    }

    public void Return(long sequence, int count, TimeSpan pause)
    {
        lock (_lock)
        {
            if (!IsHeld(sequence, count, out var handed))
                return;
            if (pause <= TimeSpan.Zero)
            {
                PutBack(handed);
                return;
            }

            _handed.Remove(sequence);
            _later.Enqueue(handed, time.GetUtcNow() + pause);
            _arrived.TrySetResult();
        }
    }

    /// <summary>Also of a message that was taken back meanwhile: who has done the work may say so late.</summary>
    public Task AcknowledgeAsync(SqliteMessage message, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_open.Remove(message.Sequence))
                return Task.CompletedTask;
            _handed.Remove(message.Sequence);
        }

        return finish(message, cancellation);
    }

    private bool IsHeld(long sequence, int count, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Handed? handed) =>
        _handed.TryGetValue(sequence, out handed) && handed.Count == count;

    private void TakeBackOverdue(DateTimeOffset now)
    {
        foreach (var handed in _handed.Values.Where(h => h.Deadline <= now).ToList())
            PutBack(handed);
    }

    private void PutBack(Handed handed)
    {
        _handed.Remove(handed.Message.Sequence);
        _waiting.Enqueue((handed.Message, handed.Count), handed.Message.Sequence);
        _arrived.TrySetResult();
    }

    private List<Delivery> HandOut(int max, DateTimeOffset now)
    {
        var deliveries = new List<Delivery>();
        while (deliveries.Count < max && _waiting.TryDequeue(out var next, out _))
        {
            if (!_open.ContainsKey(next.Message.Sequence))
                continue;
            var count = next.Count + 1;
            _lastGiven = Math.Max(_lastGiven, next.Message.Sequence);
            _handed[next.Message.Sequence] = new Handed(next.Message, count) { Deadline = now + Deliveries.AckWait };
            deliveries.Add(new SqliteDelivery(this, next.Message, count));
        }

        if (_waiting.Count == 0 && _arrived.Task.IsCompleted)
            _arrived = NewSignal();
        return deliveries;
    }

    private TimeSpan PauseUntil(DateTimeOffset until, DateTimeOffset now)
    {
        if (_handed.Count > 0 && _handed.Values.Min(h => h.Deadline) is var lapses && lapses < until)
            until = lapses;
        if (_later.TryPeek(out _, out var returns) && returns < until)
            until = returns;
        return until - now;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Handed(SqliteMessage Message, int Count)
    {
        public DateTimeOffset Deadline { get; set; }
    }

    private sealed class SqliteDelivery(SqliteStreamReader reader, SqliteMessage message, int count) : Delivery
    {
        public override ReadOnlyMemory<byte> Body => message.Body;

        public override int Count => count;

        public override ValueTask AcknowledgeAsync(CancellationToken cancellation) => new(reader.AcknowledgeAsync(message, cancellation));

        public override ValueTask ExtendAsync(CancellationToken cancellation)
        {
            reader.Extend(message.Sequence, count);
            return ValueTask.CompletedTask;
        }

        public override ValueTask ReturnAsync(TimeSpan pause, CancellationToken cancellation)
        {
            reader.Return(message.Sequence, count, pause);
            return ValueTask.CompletedTask;
        }
    }
}
