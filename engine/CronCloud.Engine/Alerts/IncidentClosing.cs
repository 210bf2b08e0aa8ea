using CronCloud.Core.Alerts;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>Ends the incidents of jobs that were deleted, without a message: whoever deleted the job knows.</summary>
public sealed partial class IncidentClosing(IIncidentStore incidents, TimeProvider time, ILogger<IncidentClosing> logger) : ILoop
{
    private const int BatchSize = 200;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public string Name => "incident closing";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var orphans = await incidents.ReadOrphansAsync(BatchSize, cancellation);
        foreach (var orphan in orphans)
        {
            var closed = IncidentChange.Closed(orphan, Addressing.JobDeleted, DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()));
            if (!await incidents.WriteAsync(closed, cancellation))
                continue;
            AlertMetrics.Resolved(orphan);
            LogClosed(orphan.Id, orphan.Tenant, orphan.JobId, Addressing.JobDeleted);
        }

        return orphans.Count == BatchSize ? TimeSpan.Zero : Interval;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Incident {Incident} of {Tenant}/{Job} is closed: {Reason}")]
    private partial void LogClosed(string incident, string tenant, string job, string reason);
}
