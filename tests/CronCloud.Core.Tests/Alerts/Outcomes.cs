using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Tests.Alerts;

/// <summary>Outcomes of one job, told in minutes after three o'clock.</summary>
internal static class Outcomes
{
    public static readonly DateTimeOffset Three = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    public static readonly JobKey TheJob = new("t", "job");

    public static DateTimeOffset Minute(double minutes) => Three.AddMilliseconds(Math.Round(minutes * 60_000));

    public static Outcome Success(double due, double late = 0, double seconds = 0.1, AlertPolicy? alerts = null) => Of(due, AttemptResult.Succeeded, due + (late / 60), seconds, alerts);

    /// <summary>A failed attempt: the first starts on time, each later one a minute after.</summary>
    public static Outcome Failure(double due, int attempt = 1, AlertPolicy? alerts = null)
    {
        var outcome = Of(due, AttemptResult.Failed, due + attempt - 1, 0.1, alerts);
        var earlier = Enumerable.Range(1, attempt - 1).Select(a => EarlierAttempt.Of(Failure(due, a))).ToList();
        return outcome with { Execution = outcome.Execution with { Attempt = attempt, Earlier = earlier.Count > 0 ? earlier : null } };
    }

    /// <summary>A failure that uses up all attempts.</summary>
    public static Outcome DeadLetter(double due) => Failure(due) with { IsFinal = true };

    public static Outcome Missed(double due, double at) => Of(due, AttemptResult.Missed, at, 0, null);

    public static Outcome Of(double due, AttemptResult result, double startedAt, double seconds, AlertPolicy? alerts) => new()
    {
        Execution = new Execution
        {
            Tenant = TheJob.Tenant,
            JobId = TheJob.Id,
            JobVersion = 1,
            ExecutionId = ExecutionId.Of(TheJob.Id, Minute(due)),
            ScheduledAt = Minute(due),
            Trigger = Trigger.Schedule,
            Attempt = 1,
            Target = new Target { Http = new HttpTarget { Url = "https://example.com/hook" } },
            Retry = RetryPolicy.Default,
            Alerts = alerts,
            TraceParent = TraceParent.New(),
        },
        Result = result,
        StartedAt = Minute(startedAt),
        DurationMs = (long)(seconds * 1000),
        Node = "n",
        Error = result == AttemptResult.Succeeded ? null : "answered 500",
    };
}
