using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I8: after a heal the due index is what the record implies, nothing stays in an in-between state, and no stream keeps what was to be done.</summary>
internal static class Rest
{
    /// <summary>An attempt whose deadline has passed is found by the next look at the flights.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(60);

    public static IEnumerable<Violation> Of(Case run) => run.Observed.Stored is { } stored
        ? Unplanned(run, stored).Concat(Stray(stored)).Concat(Overdue(run, stored)).Concat(Forgotten(run, stored)).Concat(Unread(stored))
        : [];

    /// <summary>An active job that will be due has one entry, of its version, for the due time that comes next.</summary>
    private static IEnumerable<Violation> Unplanned(Case run, StoredState stored)
    {
        var next = stored.Entries.Where(e => e.Kind == EntryKind.Next).ToLookup(e => e.Job);
        foreach (var job in stored.Jobs.Where(j => j.Active))
        {
            if (!run.Lives.TryGetValue(job.Job, out var life) || life.Shapes.LastOrDefault(s => s.Path == job.Path) is not { } shape)
                continue;
            var comes = Occurrences.Next(shape.Plan, stored.Until + Case.Limit);
            if (comes is null && !next.Contains(job.Job))
                continue;
            var (entry, also) = (next[job.Job].FirstOrDefault(), next[job.Job].Skip(1).FirstOrDefault());
            if (entry is null)
                yield return new Violation("I8", job.Job, comes, "active, will be due, and not in the due index");
            else if (also is not null)
                yield return new Violation("I8", job.Job, also.Due, "in the due index twice");
            else if (entry.Version != job.Version)
                yield return new Violation("I8", job.Job, entry.Due, $"in the due index with version {entry.Version}, in the record with {job.Version}");
            else if (!Occurrences.Names(shape.Plan, entry.Due))
                yield return new Violation("I8", job.Job, entry.Due, "in the due index for an instant that its plan does not name");
            else if (comes is { } latest && entry.Due > latest)
                yield return new Violation("I8", job.Job, entry.Due, $"in the due index for that instant, and due at {latest:HH:mm:ss.fff} already");
        }
    }

    private static IEnumerable<Violation> Stray(StoredState stored)
    {
        var jobs = stored.Jobs.ToDictionary(j => j.Job);
        return from entry in stored.Entries
               where entry.Kind == EntryKind.Next && jobs.GetValueOrDefault(entry.Job) is not { Active: true }
               select new Violation("I8", entry.Job, entry.Due, "in the due index, and not active in the record");
    }

    private static IEnumerable<Violation> Overdue(Case run, StoredState stored) =>
        from entry in stored.Entries
        where entry.Due + run.Allowed(entry.Due) < stored.From
        select new Violation("I8", entry.Job, entry.Due, $"{entry.Kind}: still in the due index {(stored.From - entry.Due).TotalSeconds:0.0} s after that");

    private static IEnumerable<Violation> Forgotten(Case run, StoredState stored) =>
        from flight in stored.Flights
        where flight.Deadline + Look + (run.Allowed(flight.Deadline) - Case.Limit) < stored.From
        select new Violation("I8", flight.Id, null, $"in flight {(stored.From - flight.Deadline).TotalSeconds:0} s after its deadline");

    private static IEnumerable<Violation> Unread(StoredState stored) =>
        from reader in stored.Readers
        where reader.Acknowledged < reader.Last
        select new Violation("I8", reader.Name, null, $"has acknowledged up to message {reader.Acknowledged} of {reader.Last}");
}
