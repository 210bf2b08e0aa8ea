using CronCloud.Core.Due;
using CronCloud.Core.Jobs;

namespace CronCloud.Backends.DueIndex;

/// <summary>The due index in memory. It starts empty, and so is built from the record as after a loss of Redis.</summary>
public sealed class MemoryDueIndex : IDueIndex
{
    private readonly MemoryPartition[] _partitions = [.. Enumerable.Range(0, Partitions.Count).Select(_ => new MemoryPartition())];

    public event Action<int>? Woken;

    public Task ArmAsync(int partition, IReadOnlyList<DueEntry> entries, CancellationToken cancellation)
    {
        if (_partitions[partition].Arm(entries))
            Woken?.Invoke(partition);
        return Task.CompletedTask;
    }

    public Task<DueScan> ScanAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancellation) =>
        Task.FromResult(_partitions[partition].Scan(now, limit));

    public Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<bool>>(_partitions[partition].Advance(advances, now));

    public Task LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation)
    {
        if (_partitions[partition].Land(landings, now))
            Woken?.Invoke(partition);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<Flight>>(_partitions[partition].ReadFlights(before, limit));

    public Task<bool> ExtendFlightAsync(int partition, Flight old, Flight renewed, CancellationToken cancellation) =>
        Task.FromResult(_partitions[partition].ExtendFlight(old, renewed));

    public Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation) =>
        Task.FromResult(_partitions[partition].Find(key));

    public Task<bool> IsBuiltAsync(int partition, CancellationToken cancellation) => Task.FromResult(_partitions[partition].IsBuilt);

    public Task<string> BeginBuildAsync(int partition, CancellationToken cancellation) => Task.FromResult(_partitions[partition].BeginBuild());

    public Task<bool> EndBuildAsync(int partition, string build, CancellationToken cancellation) => Task.FromResult(_partitions[partition].EndBuild(build));
}
