using Hangfire.Server;

namespace CronCloud.Peers;

/// <summary>What Hangfire calls.</summary>
public static class HangfireJob
{
    public static Task PostDelayedAsync(string job, long dueMs) => SinkClient.PostAsync(job, DateTimeOffset.FromUnixTimeMilliseconds(dueMs));

    /// <summary>Hangfire does not tell a recurring job which time it is due at: the whole second before it was enqueued, at the latest.</summary>
    public static Task PostRecurringAsync(string job, PerformContext context)
    {
        var enqueued = new DateTimeOffset(DateTime.SpecifyKind(context.BackgroundJob.CreatedAt, DateTimeKind.Utc));
        return SinkClient.PostAsync(job, DateTimeOffset.FromUnixTimeSeconds(enqueued.ToUnixTimeSeconds()));
    }
}
