namespace CronCloud.Core.Streams;

/// <summary>Many deliveries at once.</summary>
public static class Deliveries
{
    /// <summary>Extends all of them once a second until the work is done: a slow server must not look like a dead reader.</summary>
    public static async Task HoldAsync(this IReadOnlyList<Delivery> deliveries, Task work, TimeProvider time, CancellationToken cancellation)
    {
        while (await Task.WhenAny(work, Task.Delay(TimeSpan.FromSeconds(1), time, cancellation)) != work && !cancellation.IsCancellationRequested)
            await Task.WhenAll(deliveries.Select(delivery => delivery.ExtendAsync(cancellation).AsTask()));
        await work;
    }

    /// <summary>Does the work and acknowledges all of them; when the work fails, all are given back, so that nobody waits for them to lapse.</summary>
    public static async Task CompleteAsync(this IReadOnlyList<Delivery> deliveries, Func<Task> work, CancellationToken cancellation)
    {
        try
        {
            await work();
        }
        catch
        {
            foreach (var delivery in deliveries)
                await delivery.ReturnAsync(cancellation);
            throw;
        }

        foreach (var delivery in deliveries)
            await delivery.AcknowledgeAsync(cancellation);
    }
}
