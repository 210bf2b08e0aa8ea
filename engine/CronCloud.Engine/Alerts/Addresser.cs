using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>The first step of telling: news that is due goes to the channels that its job has now.</summary>
public sealed partial class Addresser(INotificationStore notifications, IJobStore jobs, IncidentClosing closing, TimeProvider time, ILogger<Addresser> logger)
{
    private const int BatchSize = 200;

    /// <summary>True when there may be more.</summary>
    public async Task<bool> RunOnceAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var due = await notifications.ReadDueAsync(now, BatchSize, cancellation);
        var all = Addressing.Nothing;
        var read = new Dictionary<JobKey, Job?>();
        foreach (var (news, incident) in due)
            all = all.And(await AddressAsync(news, incident, read, now, cancellation));
        if (all.Done.Count == 0)
            return false;
        await notifications.AddressAsync(all, cancellation);
        return due.Count == BatchSize;
    }

    /// <summary>A job that cannot be read keeps its own news waiting, and nobody else's.</summary>
    private async Task<Addressing> AddressAsync(Notification news, Incident incident, Dictionary<JobKey, Job?> read, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            var key = new JobKey(news.Tenant, news.JobId);
            if (!read.TryGetValue(key, out var job))
                read[key] = job = await jobs.FindAsync(key, cancellation);
            if (Addressing.ReasonToClose(news, incident, job, now) is not { } reason)
                return Addressing.Of(news, incident, job!, now);
            return await closing.CloseAsync(incident, reason, cancellation) ? new Addressing([news], []) : Addressing.Nothing;
        }
        catch (Exception unreadable) when (unreadable is System.Text.Json.JsonException or InvalidOperationException)
        {
            LogUnreadable(news.Tenant, news.JobId, unreadable.Message);
            return Addressing.Nothing;
        }
    }

    [LoggerMessage(EventId = 1704, Level = LogLevel.Error, Message = "Nobody can be told of {Tenant}/{Job}, since the job cannot be read: {Reason}")]
    private partial void LogUnreadable(string tenant, string job, string reason);
}
