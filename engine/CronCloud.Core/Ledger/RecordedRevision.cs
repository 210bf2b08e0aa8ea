using CronCloud.Core.Jobs;

namespace CronCloud.Core.Ledger;

/// <summary>A change of a job as the record keeps it. Reading the whole definition costs, and one row that cannot be read must not keep the others.</summary>
public sealed record RecordedRevision(string JobId, long Version, DateTimeOffset At, JobState State, Func<JobDefinition> Read);

/// <param name="Revisions">By job, then by version; of each job all that were asked for.</param>
/// <param name="LastJob">The page holds all jobs up to this one; null when it holds all that are left.</param>
public sealed record RevisionPage(IReadOnlyList<RecordedRevision> Revisions, string? LastJob);

/// <summary>The record of what jobs were when.</summary>
public interface IRevisionLog
{
    /// <summary>All tenants that ever had a job, each with the last hour of its ledger; null where it has none.</summary>
    Task<IReadOnlyList<LedgerTenant>> ListTenantsAsync(CancellationToken cancellation);

    /// <summary>How many jobs the tenant has, deleted ones too; no more are counted than asked for.</summary>
    Task<int> CountJobsAsync(string tenant, int most, CancellationToken cancellation);

    /// <summary>Revisions that were in force at some time after the one instant and up to the other, of so many of the tenant's jobs after that id (null: from the first).</summary>
    Task<RevisionPage> ReadAsync(string tenant, string? afterJob, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellation);
}

/// <param name="Tenant">The tenant.</param>
/// <param name="LastHour">When the last closed hour of its ledger began.</param>
public sealed record LedgerTenant(string Tenant, DateTimeOffset? LastHour);
