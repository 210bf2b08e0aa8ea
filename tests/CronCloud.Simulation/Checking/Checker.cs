namespace CronCloud.Simulation.Checking;

/// <summary>All promises, checked on what a world left behind. A pure function of the evidence.</summary>
internal static class Checker
{
    private static readonly Func<Evidence, IEnumerable<Finding>>[] Checks =
    [
        MissCheck.Check, DropCheck.Check, KeyCheck.Check, EarlyCheck.Check, PhantomCheck.Check, EditCheck.Check, OverlapCheck.Check, RetryCheck.Check, LetterCheck.Check, StateCheck.Check, HistoryCheck.Check, IncidentCheck.Check, Bugs,
    ];

    public static IReadOnlyList<Finding> Check(Evidence evidence) => [.. Checks.SelectMany(check => check(evidence))];

    /// <summary>No loop may meet an exception that no server's absence explains.</summary>
    private static IEnumerable<Finding> Bugs(Evidence evidence) => evidence.Ledger.Bugs.Take(1).Select(bug => Finding.Now("I0", bug));
}
