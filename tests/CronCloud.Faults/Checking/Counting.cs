using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I12: what the product itself calls late and missed is what the checker does.</summary>
internal static class Counting
{
    /// <summary>From a worker's start of an attempt to its arrival, and two clocks' readings.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);

    /// <summary>The same while nodes start again, and have the processors.</summary>
    private static readonly TimeSpan SlackInFault = TimeSpan.FromSeconds(3);

    public static IEnumerable<Violation> Of(Case run) => Starts(run).Concat(Missed(run)).Concat(Counted(run));

    /// <summary>One that was delivered twice has one row, of either.</summary>
    private static IEnumerable<Violation> Starts(Case run) =>
        from expected in run.Recorded is null ? [] : run.Expected
        let first = run.ByDue[(expected.Job, expected.Due)].FirstOrDefault()
        where first is not null && run.ByExecution[first.Execution].Count(d => d.Attempt == first.Attempt) == 1
        let told = run.Recorded!.GetValueOrDefault(first.Execution)?.Attempts.FirstOrDefault(a => a.Number == first.Attempt)
        where told is not null && (first.At - told.StartedAt).Duration() > (run.IsInFault(expected.Due) ? SlackInFault : Slack) + run.Observed.Slack
        select new Violation("I12", expected.Job, expected.Due, $"history says {(told.StartedAt - expected.Due).TotalMilliseconds:0} ms late, the sink {first.Lateness.TotalMilliseconds:0} ms");

    /// <summary>These jobs want every occurrence caught up: none may be let go.</summary>
    private static IEnumerable<Violation> Missed(Case run) =>
        from recorded in run.Observed.History ?? []
        where recorded.Status == "missed" && run.Lives.ContainsKey(recorded.Job)
        select new Violation("I12", recorded.Job, recorded.ScheduledAt, $"history calls it missed, and the sink has it {run.ByDue[(recorded.Job, recorded.ScheduledAt)].Count()} times");

    private static IEnumerable<Violation> Counted(Case run) => run.Observed.Stored is { CountedMissed: > 0 and var missed }
        ? [new Violation("I12", "all", null, $"/metrics counts {missed} missed, the jobs want every occurrence")]
        : [];
}
