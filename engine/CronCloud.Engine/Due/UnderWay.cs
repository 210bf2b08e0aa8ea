using CronCloud.Core.Jobs;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>Where attempts without an outcome may be: in the queue, or, with an outcome that nobody has settled yet, in the outcome stream. Read once for all partitions of a node that ask at a time.</summary>
internal sealed class UnderWay
{
    /// <summary>What was seen is remembered for so long.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    /// <summary>And with so much between: it is for attempts that are a minute late.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(2);

    private readonly IExecutionQueue _queue;
    private readonly IOutcomeStream _outcomes;
    private readonly TimeProvider _time;
    private readonly Gathering<int, Seen> _questions;
    private readonly Lock _lock = new();
    private readonly List<(DateTimeOffset At, DateTimeOffset? Oldest)> _seen = [];

    public UnderWay(IExecutionQueue queue, IOutcomeStream outcomes, TimeProvider time)
    {
        (_queue, _outcomes, _time) = (queue, outcomes, time);
        _questions = new Gathering<int, Seen>(ReadAsync, Partitions.Count);
    }

    public Task<Seen> ReadAsync(int partition, CancellationToken cancellation) => _questions.AddAsync(partition, CancellationToken.None).WaitAsync(cancellation);

    /// <summary>By when an attempt had left the queue that was put there at the instant, as far as this node has seen: by then its outcome was in the stream. It must have left it.</summary>
    public DateTimeOffset LeftQueueBy(DateTimeOffset queuedAt)
    {
        lock (_lock)
            return _seen.FirstOrDefault(seen => seen.At > queuedAt && !(seen.Oldest <= queuedAt), (_time.GetUtcNow(), null)).At;
    }

    /// <summary>The queue first: what was not there any more has its outcome in the stream by the second question.</summary>
    private async Task<IReadOnlyList<Seen>> ReadAsync(IReadOnlyList<int> partitions, CancellationToken cancellation)
    {
        var queue = await _queue.ReadStateAsync(cancellation);
        Remember(queue.Oldest);
        var seen = new Seen(queue, await _outcomes.ReadNextAsync(OutcomeReader.Settler, cancellation));
        return [.. partitions.Select(_ => seen)];
    }

    private void Remember(DateTimeOffset? oldest)
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            if (_seen.Count > 0 && now - _seen[^1].At < Apart)
                return;
            _seen.RemoveAll(seen => seen.At < now - Remembered);
            _seen.Add((now, oldest));
        }
    }

    /// <param name="Queue">What waits in the queue.</param>
    /// <param name="Unsettled">When the first outcome was published that the settler was not given yet; null when it was given all.</param>
    internal sealed record Seen(QueueState Queue, DateTimeOffset? Unsettled);
}
