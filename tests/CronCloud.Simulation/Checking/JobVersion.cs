using CronCloud.Core.Jobs;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Checking;

/// <summary>A version of a job: from when to when its occurrences must be started, and until when they may be.</summary>
/// <param name="Job">As the record has it.</param>
/// <param name="MustUntil">Occurrences up to here are the version's; null when it is the last.</param>
/// <param name="MayUntil">The last instant at which somebody may believe that this version is in force; null when it is the last.</param>
internal sealed record JobVersion(Job Job, DateTimeOffset? MustUntil, DateTimeOffset? MayUntil)
{
    public static IEnumerable<JobVersion> Of(IReadOnlyList<Commit> commits, Evidence evidence)
    {
        for (var i = 0; i < commits.Count; i++)
            yield return new JobVersion(commits[i].Job, i + 1 < commits.Count ? commits[i + 1].Job.UpdatedAt : null, MayUntilOf(commits, i, evidence));
    }

    public IEnumerable<DateTimeOffset> Occurrences(DateTimeOffset until) =>
        Job.State == JobState.Active ? Checking.Occurrences.Of(Job.Definition.Schedule, Job.UpdatedAt, MustUntil < until ? MustUntil.Value : until) : [];

    /// <summary>Up to the answer to a later change; for ever when there was none.</summary>
    private static DateTimeOffset? MayUntilOf(IReadOnlyList<Commit> commits, int i, Evidence evidence)
    {
        if (i + 1 == commits.Count)
            return null;
        var answered = evidence.Ledger.Operations
            .Where(o => o.Key == commits[i].Job.Key && o.Reply?.Job is { } job && job.Version > commits[i].Job.Version)
            .Min(o => o.AnsweredAt);
        var unanswered = Later(commits[i + 1].At, evidence.LastOfOldVersions);
        if (evidence.Has(FaultKind.RedisRolledBack))
            return Later(answered ?? unanswered, evidence.LastOfOldVersions);
        return answered ?? unanswered;
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
