using System.Text.Json;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>The first step of telling: news that is due goes to the channels that its job has now.</summary>
public sealed partial class Addresser(INotificationStore notifications, IJobStore jobs, IIncidentStore incidents, IDeadLetterStore letters, IncidentClosing closing, TimeProvider time, ILogger<Addresser> logger)
{
    private const int BatchSize = 1_000;

    /// <summary>Longer than a batch takes. What cannot be addressed waits for so long, and is not in the way of the rest.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>True when there may be more.</summary>
    public async Task<bool> RunOnceAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var due = await notifications.ClaimDueAsync(now, Lease, BatchSize, cancellation);
        if (due.Count == 0)
            return false;
        var found = await jobs.FindAsync([.. due.Select(d => KeyOf(d.News)).Distinct()], cancellation);
        var all = new List<Addressing>(due.Count);
        foreach (var news in due)
            all.Add(await AddressAsync(news, found.GetValueOrDefault(KeyOf(news.News)), now, cancellation));
        var addressing = Addressing.All(all);
        if (addressing.Done.Count > 0)
            await notifications.AddressAsync(addressing, cancellation);
        return due.Count == BatchSize;
    }

    private async Task<Addressing> AddressAsync(DueNews due, Func<Job>? read, DateTimeOffset now, CancellationToken cancellation)
    {
        var news = due.News;
        try
        {
            var (incident, job) = (due.Incident, read?.Invoke());
            if (await ReasonToCloseAsync(news, incident, job, now, cancellation) is not { } reason)
                return Addressing.Of(news, incident, job!, now);
            return await closing.CloseAsync(incident, reason, cancellation) ? new Addressing([news], []) : Addressing.Nothing;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            LogUnreadable(news.Tenant, news.JobId, unreadable.Message);
            return Addressing.Nothing;
        }
    }

    private async Task<string?> ReasonToCloseAsync(Notification news, Incident incident, Job? job, DateTimeOffset now, CancellationToken cancellation)
    {
        if (Addressing.IsGone(incident, job))
            return Addressing.JobDeleted;
        if (!Addressing.MayBePast(news, job, now))
            return null;
        var health = (await incidents.ReadAsync([KeyOf(news)], cancellation)).GetValueOrDefault(KeyOf(news));
        if (health?.Incident?.Id != incident.Id)
            return null;
        if (Addressing.IsPast(health))
            return Addressing.NeverDueAgain;
        var isGone = Addressing.NeedsRedrive(health) && (await letters.ListAsync(new DeadLetterQuery { Tenant = news.Tenant, JobId = news.JobId, Limit = 1 }, cancellation)).Items.Count == 0;
        return isGone ? Addressing.LettersGone : null;
    }

    private static JobKey KeyOf(Notification news) => new(news.Tenant, news.JobId);

    [LoggerMessage(EventId = 1704, Level = LogLevel.Error, Message = "Nobody can be told of {Tenant}/{Job}, since the job or its incident cannot be read: {Reason}")]
    private partial void LogUnreadable(string tenant, string job, string reason);
}
