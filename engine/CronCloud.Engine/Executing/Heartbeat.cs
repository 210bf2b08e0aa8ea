using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Executing;

/// <summary>Tells the queue that the worker's executions are still at work, well before they would be handed to another.</summary>
public sealed class Heartbeat(Worker worker) : ILoop
{
    public string Name => "worker heartbeat";

    /// <summary>All are told, also when one cannot be.</summary>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(worker.Held.Select(delivery => delivery.ExtendAsync(cancellation).AsTask()));
        return Deliveries.Heartbeat;
    }
}
