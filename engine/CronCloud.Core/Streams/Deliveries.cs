namespace CronCloud.Core.Streams;

/// <summary>Many deliveries at once.</summary>
public static class Deliveries
{
    /// <summary>
    /// Unacknowledged for so long, a message is handed out again: a worker that died holds its executions no longer than this. An execution that meets two deaths one after the
    /// other still starts within 5 s.
    /// </summary>
    public static readonly TimeSpan AckWait = TimeSpan.FromSeconds(2);

    /// <summary>How often those who are at work say so: three may be late before a message is handed out again.</summary>
    public static readonly TimeSpan Heartbeat = AckWait / 4;

    /// <summary>Extends all of them at each heartbeat until the work is done: a slow server must not look like a dead reader.</summary>
    public static async Task HoldAsync(this IReadOnlyList<Delivery> deliveries, Task work, TimeProvider time, CancellationToken cancellation)
    {
        while (!await work.EndsWithinAsync(Heartbeat, time, cancellation) && !cancellation.IsCancellationRequested)
            await Task.WhenAll(deliveries.Select(delivery => delivery.ExtendAsync(cancellation).AsTask()));
        await work;
    }

    /// <summary>Does the work and acknowledges all of them; when the work fails, all are given back, so that nobody waits for them to lapse.</summary>
    public static Task CompleteAsync(this IReadOnlyList<Delivery> deliveries, Func<Task> work, CancellationToken cancellation) => deliveries.CompleteAsync(work, () => deliveries, cancellation);

    /// <summary>The same, but acknowledges only those that are done by then.</summary>
    public static async Task CompleteAsync(this IReadOnlyList<Delivery> deliveries, Func<Task> work, Func<IEnumerable<Delivery>> done, CancellationToken cancellation)
    {
        try
        {
            await work();
        }
        catch
        {
            await Task.WhenAll(deliveries.Select(delivery => delivery.ReturnAsync(cancellation).AsTask()));
            throw;
        }

        await done().AcknowledgeAsync(cancellation);
    }

    /// <summary>Acknowledges all of them side by side: on the twin each waits for a commit, and they share it.</summary>
    public static Task AcknowledgeAsync(this IEnumerable<Delivery> deliveries, CancellationToken cancellation) =>
        Task.WhenAll(deliveries.Select(delivery => delivery.AcknowledgeAsync(cancellation).AsTask()));
}
