namespace CronCloud.Simulation.Nodes;

/// <summary>A machine's clock: the world's, off by its skew; its counter is not. Its timers do not fire while the node stands still, and never after its death.</summary>
internal sealed class NodeTime(NodeProcess node) : TimeProvider
{
    public override long TimestampFrequency => node.World.Time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => node.World.Now + node.Skew;

    public override long GetTimestamp() => node.World.Time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer? timer = null;
        timer = node.World.Time.CreateTimer(
            s =>
            {
                if (node.IsDead)
                    return;
                if (node.PausedUntil > node.World.Now)
                    timer!.Change(node.PausedUntil - node.World.Now, Timeout.InfiniteTimeSpan);
                else
                    callback(s);
            },
            state,
            dueTime,
            period);
        return timer;
    }
}
