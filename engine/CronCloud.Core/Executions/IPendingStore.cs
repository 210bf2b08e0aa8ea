namespace CronCloud.Core.Executions;

/// <summary>
/// The record of executions that no schedule can tell again: asked for by hand, or waiting for a retry. A row is written before the
/// promise is given and removed when the execution has ended, so that a lost due index is rebuilt with them.
/// </summary>
public interface IPendingStore
{
    /// <summary>Writes or replaces by execution id; a row with a higher attempt stays.</summary>
    Task KeepAsync(IReadOnlyList<PendingExecution> pending, CancellationToken cancellation);

    /// <summary>A row with a later attempt than the one that ended stays: the execution was redriven.</summary>
    Task RemoveAsync(IReadOnlyList<Execution> ended, CancellationToken cancellation);

    Task<IReadOnlyList<PendingExecution>> ReadAsync(int partition, CancellationToken cancellation);
}

/// <summary>An execution, and when it is to be dispatched.</summary>
public sealed record PendingExecution(Execution Execution, DateTimeOffset Due);
