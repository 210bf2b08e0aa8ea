using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Due;

/// <summary>What each partition of this node had due and not dispatched when its loop looked last.</summary>
public sealed class DueBacklog
{
    private readonly PartitionBacklog?[] _last = new PartitionBacklog?[Partitions.Count];

    public void Tell(int partition, PartitionBacklog backlog) => Volatile.Write(ref _last[partition], backlog);

    /// <summary>Null when no loop of this node has looked yet.</summary>
    public PartitionBacklog? Of(int partition) => Volatile.Read(ref _last[partition]);
}

/// <param name="Count">Entries that were due; of more than one round takes (500, and 50 left-overs) no more are counted.</param>
/// <param name="Oldest">The due time of the oldest of them; null when nothing was due.</param>
/// <param name="LookedAt">When the loop looked.</param>
/// <param name="IsWhole">Whether the index of the partition has all of the record.</param>
public sealed record PartitionBacklog(int Count, DateTimeOffset? Oldest, DateTimeOffset LookedAt, bool IsWhole);
