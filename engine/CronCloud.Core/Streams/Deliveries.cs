namespace CronCloud.Core.Streams;

/// <summary>Many deliveries at once.</summary>
public static class Deliveries
{
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
