using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I1: every due time starts, in time. I3: none early.</summary>
internal static class Starts
{
    public static int Received(Case run) => run.Expected.Count(e => IsDone(run, e));

    public static TimeSpan WorstLateness(Case run) => run.Expected.Where(e => e.Shape.Overlap != OverlapRule.Queue)
        .Select(e => run.ByDue[(e.Job, e.Due)].FirstOrDefault()?.Lateness ?? TimeSpan.Zero).DefaultIfEmpty(TimeSpan.Zero).Max();

    public static IEnumerable<Violation> Missed(Case run) =>
        from expected in run.Expected
        where !IsDone(run, expected) && !IsAwaited(run, expected)
        select new Violation("I1", expected.Job, expected.Due, "missed");

    /// <summary>What may still come: the ledger was read before the latest instant that is allowed.</summary>
    public static int Awaited(Case run) => run.Expected.Count(e => !IsDone(run, e) && IsAwaited(run, e));

    /// <summary>A queued execution waits for the one before it: its lateness is its job's own doing.</summary>
    public static IEnumerable<Violation> Late(Case run) =>
        from expected in run.Expected
        where expected.Shape.Overlap != OverlapRule.Queue
        let first = run.ByDue[(expected.Job, expected.Due)].FirstOrDefault()
        where first is not null && first.Lateness > run.Allowed(expected.Due)
        select new Violation("I1", expected.Job, expected.Due, $"{first.Lateness.TotalMilliseconds:0} ms late, {run.Allowed(expected.Due).TotalMilliseconds:0} ms are allowed");

    public static IEnumerable<Violation> Early(Case run) =>
        from delivery in run.InRange
        where delivery.Lateness < TimeSpan.Zero
        select new Violation("I3", delivery.Job, delivery.ScheduledAt, $"{-delivery.Lateness.TotalMilliseconds:0.###} ms early");

    private static bool IsAwaited(Case run, Expectation expected) => run.Observed.ReadAt < expected.Due + run.Allowed(expected.Due);

    private static bool IsDone(Case run, Expectation expected) => run.ByDue.Contains((expected.Job, expected.Due)) || run.IsDropped(expected);
}
