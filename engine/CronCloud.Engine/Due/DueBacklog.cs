using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Due;

/// <summary>What each partition of this node had due and not dispatched when its loop looked last.</summary>
public sealed class DueBacklog
{
    /// <summary>What a partition found that was given away since is no matter.</summary>
    private static readonly TimeSpan JustNow = TimeSpan.FromSeconds(2);

    /// <summary>A fifth of what a start may be late: beyond it, what is not due stands back.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(1);

    private readonly PartitionBacklog?[] _last = new PartitionBacklog?[Partitions.Count];

    public void Tell(int partition, PartitionBacklog backlog) => Volatile.Write(ref _last[partition], backlog);

    /// <summary>Null when no loop of this node has looked yet.</summary>
    public PartitionBacklog? Of(int partition) => Volatile.Read(ref _last[partition]);

    /// <summary>Whether this node is late with what is due.</summary>
    public bool IsLate(DateTimeOffset now) => SeenJustNow(now).Any(IsLate);

    /// <summary>Whether it is late, or builds an index.</summary>
    public bool IsBusy(DateTimeOffset now) => SeenJustNow(now).Any(seen => !seen.IsWhole || IsLate(seen));

    private static bool IsLate(PartitionBacklog seen) => seen.LookedAt - seen.OldestOnTime > Late;

    private IEnumerable<PartitionBacklog> SeenJustNow(DateTimeOffset now) => Enumerable.Range(0, _last.Length).Select(Of).OfType<PartitionBacklog>().Where(seen => now - seen.LookedAt < JustNow);
}

/// <param name="Count">Entries that were due; of more than one round takes (500, and 50 left-overs) no more are counted.</param>
/// <param name="Oldest">The due time of the oldest of them; null when nothing was due.</param>
/// <param name="LookedAt">When the loop looked.</param>
/// <param name="IsWhole">Whether the index of the partition has all of the record.</param>
/// <param name="OldestOnTime">The due time of the oldest that is no left-over: those are late already, and are caught up as there is time.</param>
public sealed record PartitionBacklog(int Count, DateTimeOffset? Oldest, DateTimeOffset LookedAt, bool IsWhole, DateTimeOffset? OldestOnTime = null);
