namespace CronCloud.Core.Jobs;

/// <summary>The record of jobs and of who changed what. Writes are conditional on the version that the writer saw.</summary>
public interface IJobStore
{
    /// <summary>The job, also a deleted one; null when the id was never used.</summary>
    Task<Job?> FindAsync(JobKey key, CancellationToken cancellation);

    /// <summary>Writes the job and its revision in one transaction; false when the stored version is not <c>job.Version - 1</c> (0: no row).</summary>
    Task<bool> WriteAsync(Job job, Revision revision, CancellationToken cancellation);

    /// <summary>Jobs that are not deleted, by id.</summary>
    Task<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellation);

    /// <summary>All active jobs of a partition, to rebuild its part of the due index from.</summary>
    IAsyncEnumerable<Job> ReadActiveAsync(int partition, CancellationToken cancellation);

    /// <summary>Newest first.</summary>
    Task<Page<Revision>> ListRevisionsAsync(JobKey key, int limit, string? cursor, CancellationToken cancellation);
}

/// <summary>One change of a job: who, what, when, and the definition after it.</summary>
public sealed record Revision(long Version, DateTimeOffset At, string By, string Action, JobDefinition Definition);

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
