using CronCloud.Core.Alerts;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Alerts;

/// <summary>Forgets incidents long after they are over, and what was known of jobs that have been well for a day.</summary>
public sealed class IncidentPruning(IIncidentStore incidents, TimeProvider time) : ILoop
{
    public const int Part = 500;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    /// <summary>Longer than an outcome that comes again, or late, can be late.</summary>
    private static readonly TimeSpan HealthKept = TimeSpan.FromDays(1);

    /// <summary>Failures too few for an incident, of a job that has not run since.</summary>
    private static readonly TimeSpan FailuresKept = TimeSpan.FromDays(30);

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public string Name => "incident pruning";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return await incidents.PruneAsync(now - Kept, now - HealthKept, now - FailuresKept, Part, cancellation) < Part ? Interval : Pause;
    }
}
