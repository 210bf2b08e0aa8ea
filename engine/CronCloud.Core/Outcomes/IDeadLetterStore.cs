using CronCloud.Core.Executions;

namespace CronCloud.Core.Outcomes;

/// <summary>The record of dead letters.</summary>
public interface IDeadLetterStore
{
    /// <summary>
    /// Writes dead letters and takes the executions off the pending ones, in one transaction. One that is pending with a later attempt was
    /// redriven meanwhile, and stays.
    /// </summary>
    Task KeepAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation);

    Task<DeadLetter?> FindAsync(string tenant, string executionId, CancellationToken cancellation);

    /// <summary>The newest first.</summary>
    Task<Page<DeadLetter>> ListAsync(DeadLetterQuery query, CancellationToken cancellation);

    /// <summary>Makes dead letters pending executions, due then, in one transaction; answers those that were still there.</summary>
    Task<IReadOnlyList<Execution>> RedriveAsync(IReadOnlyList<DeadLetter> letters, DateTimeOffset due, CancellationToken cancellation);

    /// <summary>False when there is none.</summary>
    Task<bool> DiscardAsync(string tenant, string executionId, CancellationToken cancellation);
}

public sealed record DeadLetterQuery
{
    public required string Tenant { get; init; }

    public string? JobId { get; init; }

    /// <summary>Dead-lettered before here.</summary>
    public DateTimeOffset? Before { get; init; }

    public int Limit { get; init; } = 50;

    public string? Cursor { get; init; }

    /// <summary>Where the page before ended.</summary>
    public static (long AtMs, string ExecutionId) ReadCursor(string cursor) => Core.Cursor.ReadNumbered(cursor);
}
