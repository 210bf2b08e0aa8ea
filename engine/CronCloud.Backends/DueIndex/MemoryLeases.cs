using CronCloud.Core.Due;

namespace CronCloud.Backends.DueIndex;

/// <summary>Leases among the owners of one process.</summary>
public sealed class MemoryLeases(TimeProvider time) : IPartitionLeases
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (string Owner, DateTimeOffset Until)> _held = [];
    private readonly Dictionary<string, DateTimeOffset> _alive = [];

    public Task<IReadOnlyList<string>> AnnounceAsync(string owner, TimeSpan life, CancellationToken cancellation)
    {
        lock (_lock)
        {
            _alive[owner] = time.GetUtcNow() + life;
            return Task.FromResult<IReadOnlyList<string>>([.. _alive.Where(o => o.Value > time.GetUtcNow()).Select(o => o.Key).Order(StringComparer.Ordinal)]);
        }
    }

    public Task LeaveAsync(string owner, CancellationToken cancellation)
    {
        lock (_lock)
            _alive.Remove(owner);
        return Task.CompletedTask;
    }

    public Task<IReadOnlySet<int>> AcquireAsync(string owner, IReadOnlyCollection<int> partitions, TimeSpan life, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var mine = new HashSet<int>();
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                if (_held.TryGetValue(partition, out var lease) && lease.Owner != owner && lease.Until > now)
                    continue;
                _held[partition] = (owner, now + life);
                mine.Add(partition);
            }
        }

        return Task.FromResult<IReadOnlySet<int>>(mine);
    }

    public Task ReleaseAsync(string owner, IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                if (_held.TryGetValue(partition, out var lease) && lease.Owner == owner)
                    _held.Remove(partition);
            }
        }

        return Task.CompletedTask;
    }
}
