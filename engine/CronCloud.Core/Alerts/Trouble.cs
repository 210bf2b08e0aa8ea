using System.Globalization;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Alerts;

/// <summary>One thing that an outcome says is wrong with its job, by the job's own thresholds. Pure.</summary>
/// <param name="Kind">What.</param>
/// <param name="At">When it was so: what comes after this instant can be better.</param>
/// <param name="Due">The due time of the execution; of a range the last.</param>
/// <param name="Summary">A sentence for people.</param>
public sealed record Trouble(TroubleKind Kind, DateTimeOffset At, DateTimeOffset Due, string Summary)
{
    /// <summary>Below this, durations are said in tenths of a second.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(2);

    /// <param name="outcome">How an attempt ended, or what was not started.</param>
    /// <param name="failures">How many executions in a row have failed, this one included.</param>
    public static IReadOnlyList<Trouble> Of(Outcome outcome, int failures)
    {
        if (outcome.IsPutOff)
            return [];
        var (policy, due) = (PolicyOf(outcome), outcome.LastDue ?? outcome.Execution.ScheduledAt);
        var troubles = new List<Trouble>();
        void Add(TroubleKind kind, DateTimeOffset at, string summary) => troubles.Add(new Trouble(kind, at, due, summary));

        if (IsFailure(outcome) && failures >= policy.ConsecutiveFailures)
            Add(TroubleKind.Failing, outcome.EndedAt, failures == 1 ? "an execution failed" : $"{failures} executions in a row failed");
        if (Settlement.Of(outcome).Status == ExecutionStatus.DeadLettered)
            Add(TroubleKind.DeadLetter, outcome.EndedAt, GivenUp(outcome));
        if (outcome.Result == AttemptResult.Missed)
            Add(TroubleKind.Missed, outcome.EndedAt, MissedText(outcome));
        if (IsFirstStart(outcome) && Lateness(outcome) > policy.LateAfter)
            Add(TroubleKind.Late, outcome.StartedAt, $"started {Say(Lateness(outcome))} late; more than {Durations.Format(policy.LateAfter)} is too late");
        if (!outcome.IsDropped && policy.SlowAfter is { } slow && Duration(outcome) > slow)
            Add(TroubleKind.Slow, outcome.EndedAt, $"ran for {Say(Duration(outcome))}; more than {Durations.Format(slow)} is too slow");
        return troubles;
    }

    /// <summary>Whether an attempt was made, and failed.</summary>
    public static bool IsFailure(Outcome outcome) => outcome.Result is AttemptResult.Failed or AttemptResult.TimedOut or AttemptResult.Refused;

    /// <summary>Whether it is the start that the schedule named, and came in time.</summary>
    public static bool IsOnTime(Outcome outcome) => IsFirstStart(outcome) && Lateness(outcome) <= PolicyOf(outcome).LateAfter;

    /// <summary>Whether it succeeded within the time that its job grants.</summary>
    public static bool IsFastSuccess(Outcome outcome) => outcome.Result == AttemptResult.Succeeded && (PolicyOf(outcome).SlowAfter is not { } slow || Duration(outcome) <= slow);

    /// <summary>How long something took, for people.</summary>
    public static string Say(TimeSpan time) => time < Short
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : Durations.Format(TimeSpan.FromSeconds(Math.Round(time.TotalSeconds)));

    private static AlertPolicy PolicyOf(Outcome outcome) => outcome.Execution.Alerts ?? AlertPolicy.Default;

    private static TimeSpan Lateness(Outcome outcome) => outcome.StartedAt - outcome.Execution.ScheduledAt;

    private static TimeSpan Duration(Outcome outcome) => TimeSpan.FromMilliseconds(outcome.DurationMs);

    /// <summary>Only a schedule has a time to be late for: what was asked for by hand, filled in or redriven starts when its turn comes.</summary>
    private static bool IsFirstStart(Outcome outcome) => !outcome.IsDropped && !outcome.IsPutOff && outcome.Execution is { Trigger: Trigger.Schedule, Number: 1 };

    private static string GivenUp(Outcome outcome) => outcome switch
    {
        { IsDropped: true } => "a redriven execution was not started",
        { Execution.Number: 1 } => "an execution was given up after one attempt",
        _ => $"an execution was given up after {outcome.Execution.Number} attempts",
    };

    private static string MissedText(Outcome outcome) => outcome.LastDue is { } last
        ? $"missed {outcome.Occurrences} occurrences, from {Instants.Format(outcome.Execution.ScheduledAt)} to {Instants.Format(last)}"
        : $"missed its time at {Instants.Format(outcome.Execution.ScheduledAt)}";
}
