using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I9: history holds what the ledger holds, once, and every expected execution has ended in it.</summary>
internal static class Recording
{
    private static readonly string[] Ends = ["succeeded", "deadLettered", "skipped", "missed"];

    public static IEnumerable<Violation> Of(Case run) => run.Recorded is null ? [] : Unfinished(run).Concat(Lost(run)).Concat(Invented(run)).Concat(Doubled(run));

    private static IEnumerable<Violation> Unfinished(Case run) =>
        from expected in run.Expected
        from execution in run.ByDue[(expected.Job, expected.Due)].Select(d => d.Execution).Distinct()
        let status = run.Recorded!.GetValueOrDefault(execution)?.Status
        where !Ends.Contains(status) && run.ByExecution[execution].All(d => d.Answered) && !run.MayStillCome(expected.Due) && !(status == "retrying" && run.MayStillCome(RetryDue(expected, run.ByExecution[execution].Last())))
        select new Violation("I9", expected.Job, expected.Due, $"history calls {execution} {status ?? "unknown"}");

    /// <summary>An execution that was due before a fault may be waiting for a retry that is due in it.</summary>
    private static DateTimeOffset RetryDue(Expectation expected, Delivery last) => (last.EndedAt ?? last.At) + Retries.Pause(expected.Shape, last.Attempt);

    private static IEnumerable<Violation> Lost(Case run) =>
        from attempt in run.InRange.Where(d => d.Answered).GroupBy(d => (d.Execution, d.Attempt))
        let execution = run.Recorded!.GetValueOrDefault(attempt.Key.Execution)
        where execution is not null
        let row = execution.Made.FirstOrDefault(a => a.Number == attempt.Key.Attempt)
        where row is null ? !IsGivenUp(run, execution, attempt) : attempt.All(d => d.Answer != row.StatusCode)
        select new Violation("I9", attempt.First().Job, attempt.First().ScheduledAt, row is null ? $"history has no attempt {attempt.Key.Attempt} of what it calls {execution.Status}, only {string.Join(", ", execution.Attempts)}" : $"history says {row.Outcome} {row.StatusCode} {row.Error} of attempt {row.Number}, the sink answered {attempt.First().Answer}");

    /// <summary>A worker that dies before it can tell the outcome leaves the attempt to the next one. When that puts it off, and the job is deleted before it comes again, it is not made once more.</summary>
    private static bool IsGivenUp(Case run, RecordedExecution execution, IEnumerable<Delivery> attempt) =>
        execution.Dropped && attempt.All(delivery => run.Observed.Windows.Any(window => window.Touches(delivery)));

    private static IEnumerable<Violation> Invented(Case run) =>
        from recorded in run.Observed.History!
        where recorded.ScheduledAt >= run.Observed.From && recorded.ScheduledAt <= run.Observed.Until && run.Lives.ContainsKey(recorded.Job)
        from attempt in recorded.Made
        where attempt.Outcome == "succeeded" && !run.ByExecution[recorded.Execution].Any(d => d.Attempt == attempt.Number)
        select new Violation("I9", recorded.Job, recorded.ScheduledAt, $"history has attempt {attempt.Number}, which the sink never saw");

    private static IEnumerable<Violation> Doubled(Case run) =>
        from execution in run.Observed.History!.GroupBy(r => r.Execution)
        let numbers = execution.SelectMany(e => e.Attempts).GroupBy(a => a.Number)
        where execution.Count() > 1 || numbers.Any(n => n.Count() > 1)
        select new Violation("I9", execution.First().Job, execution.First().ScheduledAt, $"history has {execution.Key} {execution.Count()} times, with {execution.Sum(e => e.Attempts.Count)} attempts");
}
