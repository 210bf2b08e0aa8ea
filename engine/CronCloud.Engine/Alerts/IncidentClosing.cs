using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>Ends incidents without a message: those of jobs that were deleted, since whoever did so knows. What else was known of such jobs is forgotten: one that is made anew is another.</summary>
public sealed partial class IncidentClosing(IIncidentStore incidents, TimeProvider time, ILogger<IncidentClosing> logger) : ILoop
{
    private const int BatchSize = 200;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public string Name => "incident closing";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var orphans = await incidents.ReadOrphansAsync(BatchSize, cancellation);
        foreach (var orphan in orphans)
            await CloseAsync(orphan, Addressing.JobDeleted, cancellation);
        var forgotten = await incidents.ForgetOrphansAsync(BatchSize, cancellation);
        return orphans.Count == BatchSize || forgotten == BatchSize ? TimeSpan.Zero : Interval;
    }

    /// <summary>Whether it is over, by this or another; false when it was changed meanwhile, and may be tried again.</summary>
    public async Task<bool> CloseAsync(Incident incident, string because, CancellationToken cancellation)
    {
        var job = new JobKey(incident.Tenant, incident.JobId);
        var health = (await incidents.ReadAsync([job], cancellation)).GetValueOrDefault(job);
        if (health?.Incident?.Id != incident.Id)
            return true;
        if (!await incidents.WriteAsync([HealthChange.Closed(health, because, DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()))], cancellation))
            return false;
        AlertMetrics.Resolved(incident);
        LogClosed(incident.Id, incident.Tenant, incident.JobId, because);
        return true;
    }

    [LoggerMessage(EventId = 1703, Level = LogLevel.Information, Message = "Incident {Incident} of {Tenant}/{Job} is closed: {Reason}")]
    private partial void LogClosed(string incident, string tenant, string job, string reason);
}
