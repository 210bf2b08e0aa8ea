using CronCloud.Core.Streams;

namespace CronCloud.Simulation.Twins;

/// <summary>One reader's place in a stream's twin: what waits, and what is handed out and not acknowledged yet.</summary>
internal sealed class StreamTwinReader(Lock gate, TimeProvider time, Action<TwinMessage> finish)
{
    private readonly PriorityQueue<(TwinMessage Message, int Count), long> _waiting = new();
    private readonly PriorityQueue<Handed, DateTimeOffset> _later = new();
    private readonly Dictionary<long, Handed> _handed = [];
    private readonly SortedDictionary<long, DateTimeOffset> _open = [];
    private readonly Signal _arrived = new();
    private long _lastGiven;

    /// <summary>By id, without what follows a tilde: how often it was handed out.</summary>
    public Dictionary<string, int> HandedOut { get; } = [];

    public long Count
    {
        get
        {
            lock (gate)
                return _open.Count;
        }
    }

    public QueueState ReadState()
    {
        lock (gate)
            return new QueueState(_waiting.Count, _open.Count > 0 ? _open.First().Value : null);
    }

    public DateTimeOffset? ReadNext()
    {
        lock (gate)
            return _open.FirstOrDefault(message => message.Key > _lastGiven) is { Key: > 0 } next ? next.Value : null;
    }

    public void Add(TwinMessage message)
    {
        _open.Add(message.Sequence, message.At);
        _waiting.Enqueue((message, 0), message.Sequence);
        _arrived.Set();
    }

    public void Empty()
    {
        _waiting.Clear();
        _open.Clear();
        _later.Clear();
        _handed.Clear();
    }

    public void TakeBackAll()
    {
        lock (gate)
        {
            foreach (var handed in _handed.Values.ToList())
                PutBack(handed);
        }
    }

    public async Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation)
    {
        var until = time.GetUtcNow() + wait;
        while (true)
        {
            Task arrived;
            lock (gate)
            {
                var now = time.GetUtcNow();
                foreach (var overdue in _handed.Values.Where(h => h.Deadline <= now).ToList())
                    PutBack(overdue);
                while (_later.TryPeek(out _, out var at) && at <= now)
                    PutBack(_later.Dequeue());
                var deliveries = HandOut(max, now);
                if (deliveries.Count > 0 || now >= until)
                    return deliveries;
                arrived = _arrived.WaitAsync(time, Next(until) - now, cancellation);
            }

            await arrived;
        }
    }

    /// <summary>When a message comes by itself that was handed out before.</summary>
    private DateTimeOffset Next(DateTimeOffset until)
    {
        if (_handed.Count > 0 && _handed.Values.Min(h => h.Deadline) is var lapses && lapses < until)
            until = lapses;
        return _later.TryPeek(out _, out var returns) && returns < until ? returns : until;
    }

    private List<Delivery> HandOut(int max, DateTimeOffset now)
    {
        var deliveries = new List<Delivery>();
        while (deliveries.Count < max && _waiting.TryDequeue(out var next, out _))
        {
            if (!_open.ContainsKey(next.Message.Sequence))
                continue;
            _lastGiven = Math.Max(_lastGiven, next.Message.Sequence);
            var id = next.Message.Id.Split('~')[0];
            HandedOut[id] = HandedOut.GetValueOrDefault(id) + 1;
            _handed[next.Message.Sequence] = new Handed(next.Message, next.Count + 1) { Deadline = now + Deliveries.AckWait };
            deliveries.Add(new TwinDelivery(this, next.Message, next.Count + 1));
        }

        return deliveries;
    }

    private void Acknowledge(TwinMessage message)
    {
        lock (gate)
        {
            if (!_open.Remove(message.Sequence))
                return;
            _handed.Remove(message.Sequence);
            finish(message);
        }
    }

    private void Extend(TwinMessage message, int count)
    {
        lock (gate)
        {
            if (_handed.TryGetValue(message.Sequence, out var handed) && handed.Count == count)
                handed.Deadline = time.GetUtcNow() + Deliveries.AckWait;
        }
    }

    private void Return(TwinMessage message, int count, TimeSpan pause)
    {
        lock (gate)
        {
            if (!_handed.TryGetValue(message.Sequence, out var handed) || handed.Count != count)
                return;
            if (pause <= TimeSpan.Zero)
            {
                PutBack(handed);
                return;
            }

            _handed.Remove(message.Sequence);
            _later.Enqueue(handed, time.GetUtcNow() + pause);
            _arrived.Set();
        }
    }

    private void PutBack(Handed handed)
    {
        _handed.Remove(handed.Message.Sequence);
        _waiting.Enqueue((handed.Message, handed.Count), handed.Message.Sequence);
        _arrived.Set();
    }

    private sealed record Handed(TwinMessage Message, int Count)
    {
        public DateTimeOffset Deadline { get; set; }
    }

    /// <summary>Its hash follows from the message: a worker keeps deliveries in a hash table, and goes through it.</summary>
    private sealed class TwinDelivery(StreamTwinReader reader, TwinMessage message, int count) : Delivery
    {
        public override ReadOnlyMemory<byte> Body => message.Body;

        public override int Count => count;

        public override ValueTask AcknowledgeAsync(CancellationToken cancellation)
        {
            reader.Acknowledge(message);
            return ValueTask.CompletedTask;
        }

        public override ValueTask ExtendAsync(CancellationToken cancellation)
        {
            reader.Extend(message, count);
            return ValueTask.CompletedTask;
        }

        public override ValueTask ReturnAsync(TimeSpan pause, CancellationToken cancellation)
        {
            reader.Return(message, count, pause);
            return ValueTask.CompletedTask;
        }

        public override string ToString() => $"{message.Id} ({count})";

        public override int GetHashCode() => HashCode(message.Sequence, count);

        private static int HashCode(long sequence, int count) => (int)((sequence * 31) + count);
    }
}
