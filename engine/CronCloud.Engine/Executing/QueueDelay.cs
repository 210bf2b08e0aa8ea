using CronCloud.Core.Executions;

namespace CronCloud.Engine.Executing;

/// <summary>
/// How long attempts have waited in the queue when the workers of this node take them. While even the one that waited least has waited long, to dispatch more makes no start sooner, and takes
/// the processors from the workers: asked for twice what it can do, a machine did less than that. What is due waits as well where it is.
/// </summary>
/// <remarks>
/// Only what this node dispatched counts, since its own clock tells how long that waited, and the least of a window, since what comes again after a crash has waited long in a short queue.
/// Where no worker takes anything nothing is known, and the queue counts as short.
/// </remarks>
public sealed class QueueDelay(NodeName node, TimeProvider time)
{
    /// <summary>A tenth of what a start may be late: so much work is in the queue at least while dispatch stands back.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromMilliseconds(500);

    public static readonly TimeSpan Window = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private long _began;
    private TimeSpan? _least;
    private TimeSpan? _leastBefore;

    /// <summary>Whether even that which waited least in the last window has waited long.</summary>
    public bool IsLong
    {
        get
        {
            lock (_lock)
            {
                Turn();
                return _leastBefore >= Long;
            }
        }
    }

    /// <summary>A worker has taken it.</summary>
    public void Took(Execution execution)
    {
        if (execution.DispatchedAt is not { } dispatched || execution.DispatchedBy != node.Value)
            return;
        var waited = time.GetUtcNow() - dispatched;
        lock (_lock)
        {
            Turn();
            if (!(_least <= waited))
                _least = waited;
        }
    }

    private void Turn()
    {
        var windows = time.GetElapsedTime(_began) / Window;
        if (windows < 1)
            return;
        _leastBefore = windows < 2 ? _least : null;
        (_began, _least) = (time.GetTimestamp(), null);
    }
}
