namespace CronCloud.Core.Jobs;

/// <summary>The record of jobs and of who changed what. Writes are conditional on the version that the writer saw.</summary>
public interface IJobStore
{
    /// <summary>The job, also a deleted one; null when the id was never used.</summary>
    Task<Job?> FindAsync(JobKey key, CancellationToken cancellation);

    /// <summary>Those of the jobs that were ever used, also deleted ones, in a query per tenant. Reading one throws a <see cref="System.Text.Json.JsonException"/> when it cannot be, and stops no other.</summary>
    Task<IReadOnlyDictionary<JobKey, Func<Job>>> FindAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation);

    /// <summary>Writes the job and its revision in one transaction; false when the stored version is not <c>job.Version - 1</c> (0: no row).</summary>
    Task<bool> WriteAsync(Job job, Revision revision, CancellationToken cancellation);

    /// <summary>Writes many jobs, each with its revision and each job once, in one transaction. True where it was written: where the stored version was <c>job.Version - 1</c> (0: no row).</summary>
    Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<JobWrite> writes, CancellationToken cancellation);

    /// <summary>Jobs that are not deleted, by id.</summary>
    Task<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellation);

    /// <summary>State and version of those of the keys that were ever used.</summary>
    Task<IReadOnlyDictionary<JobKey, JobStamp>> StampAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation);

    /// <summary>
    /// A page of a partition's active jobs, those that are due the soonest first, to build its part of the due index from. By a note of each
    /// job's next due time that may be behind and is never ahead; a job whose note is brought up to date meanwhile may come twice.
    /// </summary>
    /// <param name="partition">Which one.</param>
    /// <param name="cursor">Where the page before ended; null for the first.</param>
    /// <param name="limit">Jobs in a page.</param>
    /// <param name="withRows">Whether the jobs themselves are read, too.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<Page<ActiveJob>> ReadActiveAsync(int partition, string? cursor, int limit, bool withRows, CancellationToken cancellation);

    /// <summary>A page of the partitions' jobs, of whatever state, that were written at or after the instant: one partition's after the other's, by their numbers, and of each the oldest change first.</summary>
    Task<Page<ChangedJob>> ReadChangedAsync(IReadOnlyCollection<int> partitions, DateTimeOffset from, string? cursor, int limit, CancellationToken cancellation);

    /// <summary>Brings notes of next due times up to date, of jobs that still have the version; null for one that is never due again. Those that are just being written may be passed over.</summary>
    Task NoteDueAsync(IReadOnlyCollection<DueNote> notes, CancellationToken cancellation);

    /// <summary>Newest first.</summary>
    Task<Page<Revision>> ListRevisionsAsync(JobKey key, int limit, string? cursor, CancellationToken cancellation);
}

/// <summary>An active job, and no later than when it is due next. Its row is there if it was asked for; making a job of it costs, and is seldom needed.</summary>
public sealed record ActiveJob(JobKey Key, long Version, DateTimeOffset NotedDue, Func<Job>? Read);

/// <summary>A job's latest version, when it was written, and whether it is active and noted to be never due again.</summary>
public sealed record ChangedJob(JobKey Key, long Version, DateTimeOffset UpdatedAt, bool IsOver);

/// <summary>A version of a job, and the revision that says who made it.</summary>
public sealed record JobWrite(Job Job, Revision Revision);

public sealed record DueNote(JobKey Key, long Version, DateTimeOffset? Due);

public sealed record JobStamp(JobState State, long Version);

/// <summary>One change of a job: who, what, when, and the definition and state after it.</summary>
public sealed record Revision(long Version, DateTimeOffset At, string By, string Action, JobState State, JobDefinition Definition);

/// <summary>Which jobs to list. <see cref="Now"/> tells completed jobs from active ones.</summary>
public sealed record JobQuery
{
    public required string Tenant { get; init; }

    public required DateTimeOffset Now { get; init; }

    public JobState? State { get; init; }

    /// <summary>All of these tags must match.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>A part of the id or of the description, any case.</summary>
    public string? Text { get; init; }

    /// <summary>The host (with port, if any) or subject.</summary>
    public string? Destination { get; init; }

    public int Limit { get; init; } = 50;

    public string? Cursor { get; init; }
}
