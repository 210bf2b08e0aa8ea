using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Checking;

/// <summary>A version of a job: which of its occurrences must be started, and which may be.</summary>
internal sealed record JobVersion
{
    /// <summary>As the record has it.</summary>
    public required Job Job { get; init; }

    /// <summary>
    /// Its occurrences count from when it was written, since whoever looks sees a job in force. Of one that an edit replaced they count from when a client was told of it: what was written, told to nobody
    /// and edited before it was armed may never have been in force.
    /// </summary>
    public required DateTimeOffset MustFrom { get; init; }

    /// <summary>Up to when the version after it came to be, by its own account: what is due before is started whatever an edit says. Null when there is none.</summary>
    public DateTimeOffset? MustUntil { get; init; }

    /// <summary>When a client asked for the job to be deleted, after this version or a later one; null when nobody did.</summary>
    public DateTimeOffset? DeletedFrom { get; init; }

    /// <summary>The last instant at which somebody may believe that this version is in force; null when it is the last.</summary>
    public DateTimeOffset? MayUntil { get; init; }

    public static IEnumerable<JobVersion> Of(IReadOnlyList<Commit> commits, Evidence evidence)
    {
        var operations = evidence.Ledger.Operations.Where(o => o.Key == commits[0].Job.Key && o.Action is not null).ToList();
        for (var i = 0; i < commits.Count; i++)
        {
            var (job, next) = (commits[i].Job, i + 1 < commits.Count ? commits[i + 1] : null);
            var told = operations.Where(o => o.Reply?.Job?.Version == job.Version).Min(o => o.AnsweredAt) ?? evidence.Settled;
            yield return new JobVersion
            {
                Job = job,
                MustFrom = next is null ? job.UpdatedAt : Later(job.UpdatedAt, told),
                MustUntil = next?.Job.UpdatedAt,
                DeletedFrom = commits.Skip(i + 1).FirstOrDefault(c => c.Job.State == JobState.Deleted) is { } deletion ? operations.Where(o => MayHaveMade(o, deletion)).Min(o => o.AskedAt) : null,
                MayUntil = next is null ? null : MayUntilOf(job, next, operations, evidence),
            };
        }
    }

    public IEnumerable<DateTimeOffset> Occurrences(DateTimeOffset until) =>
        Job.State == JobState.Active ? Checking.Occurrences.Of(Job.Definition.Schedule, MustFrom, MustUntil < until ? MustUntil.Value : until) : [];

    /// <summary>Whether somebody may have taken the version for the job's at the instant.</summary>
    public bool MayBeInForce(DateTimeOffset instant, TimeSpan skew) => Job.State == JobState.Active && Job.UpdatedAt < instant && !(instant > MayUntil + skew);

    private static bool MayHaveMade(Operation operation, Commit commit) => operation.AskedAt <= commit.At && (commit.Job.State, operation.Action) switch
    {
        (_, JobAction.Create or JobAction.Put) => ReferenceEquals(operation.Definition, commit.Job.Definition),
        (JobState.Paused, JobAction.Pause) or (JobState.Active, JobAction.Resume) or (JobState.Deleted, JobAction.Delete) => operation.Reply?.Job is not { } job || job.Version == commit.Job.Version,
        _ => false,
    };

    /// <summary>
    /// Up to the first answer to a later change. Without one, and where the index came back older than it was (or empty, while a node stood still that had
    /// read the older version to build it), until that is made good.
    /// </summary>
    private static DateTimeOffset MayUntilOf(Job job, Commit next, List<Operation> operations, Evidence evidence)
    {
        var unanswered = Later(next.At, evidence.LastOfOldVersions);
        var answered = operations.Where(o => o.Reply?.Job?.Version > job.Version).Min(o => o.AnsweredAt) ?? unanswered;
        return evidence.Ledger.Losses.Count > 0 ? Later(answered, evidence.LastOfOldVersions) : answered;
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
