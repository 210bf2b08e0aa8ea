using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I11: the versions of each job follow one another without a gap, and its last revision is what it is now.</summary>
internal static class Versions
{
    public static IEnumerable<Violation> Of(Case run) =>
        from job in run.Observed.Stored?.Jobs ?? []
        where !job.Revisions.SequenceEqual(Enumerable.Range(1, job.Revisions.Count).Select(n => (long)n)) || job.Revisions.Count != job.Version
        select new Violation("I11", job.Job, null, $"is version {job.Version}, and its revisions are {string.Join(", ", job.Revisions)}");
}
