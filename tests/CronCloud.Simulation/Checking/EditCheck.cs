using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;

namespace CronCloud.Simulation.Checking;

/// <summary>I5: what was answered is in the record, and nothing is in it that nobody asked for. Versions have no gaps.</summary>
internal static class EditCheck
{
    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        var versions = evidence.Versions.ToLookup(v => v.Job.Key, v => v.Job);
        foreach (var operation in evidence.Ledger.Operations.Where(o => o.Reply?.Job is not null))
        {
            var kept = versions[operation.Key].FirstOrDefault(j => j.Version == operation.Reply!.Job!.Version);
            if (kept is null || kept.State != StateAfter(operation, kept) || (operation.Definition is { } asked && !ReferenceEquals(asked, kept.Definition)))
                yield return Finding.Now("I5", $"#{operation.Number} {operation.What} of {operation.Key} was answered with version {operation.Reply!.Job!.Version}, which {(kept is null ? "is not in the record" : "says something else")}", operation.Key.ToString());
        }

        foreach (var job in versions)
        {
            if (!job.Select(j => j.Version).SequenceEqual(Enumerable.Range(1, job.Count()).Select(v => (long)v)))
                yield return Finding.Now("I5", $"{job.Key} has versions {string.Join(", ", job.Select(j => j.Version))}", job.Key.ToString());
            var changes = evidence.Ledger.Operations.Count(o => o.Key == job.Key && o.Action is not null && o.Reply?.Refused is null);
            if (job.Count() > changes)
                yield return Finding.Now("I5", $"{job.Key} has {job.Count()} versions after {changes} changes", job.Key.ToString());
        }
    }

    private static JobState StateAfter(Operation operation, Job kept) => operation.Action switch
    {
        JobAction.Pause => JobState.Paused,
        JobAction.Resume => JobState.Active,
        JobAction.Delete => JobState.Deleted,
        _ => kept.State == JobState.Paused ? JobState.Paused : JobState.Active,
    };
}
