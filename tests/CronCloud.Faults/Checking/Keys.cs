using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I2: all deliveries of a due time carry one key, no two due times share one, and an attempt is repeated only for a declared fault.</summary>
internal static class Keys
{
    public static IEnumerable<Violation> Of(Case run) =>
        TwoKeys(run).Concat(SharedKeys(run)).Concat(Duplicates(run).Where(d => !d.Explained)
            .Select(d => new Violation("I2", d.Repeated.Job, d.Repeated.ScheduledAt, $"attempt {d.Repeated.Attempt} delivered again {(d.Repeated.At - d.First.At).TotalMilliseconds:0} ms later, and no fault explains it")));

    public static IEnumerable<Duplicate> Duplicates(Case run) =>
        from attempt in run.InRange.GroupBy(d => (d.Execution, d.Attempt))
        let first = attempt.First()
        from repeated in attempt.Skip(1)
        select new Duplicate(first, repeated, run.Observed.Windows.Any(w => w.Explains(first, repeated)));

    private static IEnumerable<Violation> TwoKeys(Case run) =>
        from due in run.ByDue
        let names = due.Select(d => (d.Key, d.Execution)).Distinct().ToList()
        where names.Count > 1
        select new Violation("I2", due.Key.Job, due.Key.Due, $"{names.Count} keys: {string.Join(", ", names.Select(n => n.Key))}");

    private static IEnumerable<Violation> SharedKeys(Case run) =>
        from key in run.InRange.GroupBy(d => d.Key)
        let dues = key.Select(d => (d.Job, d.ScheduledAt)).Distinct().ToList()
        where dues.Count > 1
        select new Violation("I2", dues[0].Job, dues[0].ScheduledAt, $"{dues.Count} executions share the key '{key.Key}'");
}

internal sealed record Duplicate(Delivery First, Delivery Repeated, bool Explained);
