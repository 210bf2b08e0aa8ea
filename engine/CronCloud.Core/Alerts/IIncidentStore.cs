using CronCloud.Core.Jobs;

namespace CronCloud.Core.Alerts;

/// <summary>The record of incidents and of what happened to them. Writes are conditional on the versions that the writer saw, and bring their notifications along.</summary>
public interface IIncidentStore
{
    /// <summary>The health of those of the jobs that the record knows something of, in one query.</summary>
    Task<IReadOnlyDictionary<JobKey, JobHealth>> ReadAsync(IReadOnlyCollection<JobKey> jobs, CancellationToken cancellation);

    /// <summary>All of it in one transaction; false, and nothing, when one of the healths or incidents was changed by another.</summary>
    Task<bool> WriteAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellation);

    /// <summary>False when the incident was changed by another.</summary>
    Task<bool> WriteAsync(IncidentChange change, CancellationToken cancellation);

    Task<Incident?> FindAsync(string tenant, string id, CancellationToken cancellation);

    /// <summary>The newest first.</summary>
    Task<Page<Incident>> ListAsync(IncidentQuery query, CancellationToken cancellation);

    /// <summary>The oldest first, at most the latest thousand.</summary>
    Task<IReadOnlyList<IncidentEvent>> ReadEventsAsync(string tenant, string id, CancellationToken cancellation);

    /// <summary>Incidents that are not resolved, of jobs that are deleted, or were and have been made anew since.</summary>
    Task<IReadOnlyList<Incident>> ReadOrphansAsync(int limit, CancellationToken cancellation);

    /// <summary>Forgets what is known of jobs without an incident that are deleted, or were made anew since; answers of how many, at most a part at a time.</summary>
    Task<int> ForgetOrphansAsync(int limit, CancellationToken cancellation);

    /// <summary>
    /// Forgets incidents that were resolved before the instant, what is known of jobs that have been well since <paramref name="calmBefore"/>, and failures that came to no
    /// incident and have had no other since <paramref name="failedBefore"/>; answers how many rows went, at most a part at a time.
    /// </summary>
    Task<int> PruneAsync(DateTimeOffset resolvedBefore, DateTimeOffset calmBefore, DateTimeOffset failedBefore, int limit, CancellationToken cancellation);
}

public sealed record IncidentQuery
{
    public required string Tenant { get; init; }

    public IncidentState? State { get; init; }

    public string? JobId { get; init; }

    public int Limit { get; init; } = 50;

    public string? Cursor { get; init; }

    /// <summary>Where the page before ended.</summary>
    public static (long OpenedAtMs, string Id) ReadCursor(string cursor) => Core.Cursor.ReadNumbered(cursor);
}
