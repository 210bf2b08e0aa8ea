using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Due;

/// <summary>What to do with an entry that is due: what to start, and when it is due again. Pure arithmetic.</summary>
public sealed record DuePlan(Execution? Start, DateTimeOffset? NextDue)
{
    /// <summary>How long after its own timeout an attempt's outcome is waited for before it is dispatched again.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    public static DuePlan Of(DueEntry entry, Func<string> newTraceParent)
    {
        if (entry.IsTombstone)
            return new DuePlan(null, null);

        var item = DueItem.FromJson(entry.Payload.Span);
        if (item.Execution is { } waiting)
            return new DuePlan(waiting, null);

        var job = item.Job ?? throw new FormatException($"Due entry {entry.Key} holds neither a job nor an execution.");
        var schedule = Schedule.Parse(job.Schedule, entry.Key, out _)
            ?? throw new FormatException($"Due entry {entry.Key} version {entry.Version} has a schedule that cannot be read.");
        return new DuePlan(First(job, entry, newTraceParent()), schedule.Next(entry.Due));
    }

    /// <summary>When an attempt that is dispatched now counts as lost.</summary>
    public static Flight FlightOf(Execution execution, DateTimeOffset now) =>
        new(execution.AttemptId, now + execution.Target.Timeout + Grace, execution.ToJson());

    private static Execution First(DueJob job, DueEntry entry, string traceParent) => new()
    {
        Tenant = job.Tenant,
        JobId = job.Id,
        JobVersion = entry.Version,
        ExecutionId = ExecutionId.Of(job.Id, entry.Due),
        ScheduledAt = entry.Due,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = job.Target,
        Retry = job.Retry ?? RetryPolicy.Default,
        TraceParent = traceParent,
    };
}
