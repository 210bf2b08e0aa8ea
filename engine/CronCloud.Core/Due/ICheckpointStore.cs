namespace CronCloud.Core.Due;

/// <summary>Per partition: everything due up to this instant is in the queue. A rebuild starts from there.</summary>
public interface ICheckpointStore
{
    /// <summary>The partition's checkpoint; null when it never had one.</summary>
    Task<DateTimeOffset?> ReadAsync(int partition, CancellationToken cancellation);

    /// <summary>Moves checkpoints forward; one that is later already stays.</summary>
    Task WriteAsync(IReadOnlyDictionary<int, DateTimeOffset> checkpoints, CancellationToken cancellation);
}
