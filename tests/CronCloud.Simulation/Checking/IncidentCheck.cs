using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.History;

namespace CronCloud.Simulation.Checking;

/// <summary>I10: whatever became a dead letter or was missed is told of by an incident that was not over before; a job has one open incident at most, and each has its one news of the opening. Whether that reaches a channel is not to be seen here: nobody is told in these worlds.</summary>
internal static class IncidentCheck
{
    /// <summary>Until what history has is read for trouble too: the record may be away for longer than history is.</summary>
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(20);

    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        var store = evidence.Servers.Incidents;
        var incidents = store.Incidents.ToLookup(i => (i.Tenant, i.JobId));
        foreach (var row in evidence.Servers.History.Rows)
        {
            if (KindOf(row) is not { } kind || evidence.IsOutcomeLost($"{row.Tenant}/{row.ExecutionId}", Math.Max(1, row.Attempt)))
                continue;
            var endedAt = row.StartedAt.AddMilliseconds(row.DurationMs);
            if (!incidents[(row.Tenant, row.JobId)].Any(i => i.Kinds.Contains(kind) && !(i.ResolvedAt < endedAt)))
                yield return new Finding("I10", $"nobody hears of {row.Tenant}/{row.ExecutionId} ({row.Status}, attempt {row.Attempt})", [$"{row.Tenant}/{row.ExecutionId}"], Later(endedAt, evidence.Settled) + Lag, evidence.IsYoung(row.ScheduledAt));
        }

        foreach (var job in incidents.Where(job => job.Count(i => i.State != IncidentState.Resolved) > 1))
            yield return Finding.Now("I10", $"{job.Key.Tenant}/{job.Key.JobId} has two open incidents", $"{job.Key.Tenant}/{job.Key.JobId}");
        foreach (var incident in store.Incidents.Where(i => store.Notifications.Count(n => n.IncidentId == i.Id && n.Kind == AlertKind.Opened) != 1))
            yield return Finding.Now("I10", $"the opening of incident {incident.Id} is not told once", $"{incident.Tenant}/{incident.JobId}");
    }

    private static TroubleKind? KindOf(HistoryRow row) => row.Status switch
    {
        ExecutionStatus.DeadLettered => TroubleKind.DeadLetter,
        ExecutionStatus.Missed => TroubleKind.Missed,
        _ => null,
    };

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
