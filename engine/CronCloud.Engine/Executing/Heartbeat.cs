using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Executing;

/// <summary>Tells the queue that the worker's executions are still at work, well before they would be handed to another.</summary>
public sealed class Heartbeat(Worker worker) : ILoop
{
    /// <summary>A quarter of the queue's time to acknowledge.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(750);

    public string Name => "worker heartbeat";

    /// <summary>All are told, also when one cannot be.</summary>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(worker.Held.Select(delivery => delivery.ExtendAsync(cancellation).AsTask()));
        return Interval;
    }
}
