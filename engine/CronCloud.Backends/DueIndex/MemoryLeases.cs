using CronCloud.Core.Cluster;
using CronCloud.Core.Due;

namespace CronCloud.Backends.DueIndex;

/// <summary>Leases and rosters within one process.</summary>
public sealed class MemoryLeases(TimeProvider time) : IPartitionLeases, IRoster
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (string Owner, DateTimeOffset Until)> _held = [];
    private readonly Dictionary<(string Roster, string Name), DateTimeOffset> _alive = [];
    private readonly Dictionary<string, DateTimeOffset> _born = [];

    public Task<RollCall> AnnounceAsync(string roster, string name, TimeSpan life, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (!Living(roster, now).Any())
                _born[roster] = now;
            _alive[(roster, name)] = now + life;
            return Task.FromResult(new RollCall([.. Living(roster, now).Order(StringComparer.Ordinal)], now - _born[roster]));
        }
    }

    public Task LeaveAsync(string roster, string name, CancellationToken cancellation)
    {
        lock (_lock)
            _alive.Remove((roster, name));
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

    private IEnumerable<string> Living(string roster, DateTimeOffset now) => _alive.Where(one => one.Key.Roster == roster && one.Value > now).Select(one => one.Key.Name);
}
