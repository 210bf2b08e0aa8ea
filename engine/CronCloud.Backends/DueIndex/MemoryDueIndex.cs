using CronCloud.Core;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;

namespace CronCloud.Backends.DueIndex;

/// <summary>The due index in memory. It starts empty, and so is built from the record as after a loss of Redis.</summary>
public sealed class MemoryDueIndex : IDueIndex
{
    private readonly MemoryPartition[] _partitions = [.. Enumerable.Range(0, Partitions.Count).Select(_ => new MemoryPartition())];
    private readonly string _incarnation = Guid.NewGuid().ToString("N");

    public event Action<int>? Woken;

    public Task ArmAsync(int partition, IReadOnlyList<DueEntry> entries, CancellationToken cancellation)
    {
        if (_partitions[partition].Arm(entries))
            Woken?.Invoke(partition);
        return Task.CompletedTask;
    }

    public Task<DueScan> ScanAsync(int partition, DueQuery query, CancellationToken cancellation) => Task.FromResult(_partitions[partition].Scan(query));

    public Task<IReadOnlyList<SlotState>> ClaimAsync(int partition, IReadOnlyList<SlotClaim> claims, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<SlotState>>(_partitions[partition].Claim(claims));

    public Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<bool>>(_partitions[partition].Advance(advances, now));

    public Task<IReadOnlyList<Landed>> LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation)
    {
        var landed = _partitions[partition].Land(landings, now, out var isSooner);
        if (isSooner)
            Woken?.Invoke(partition);
        return Task.FromResult<IReadOnlyList<Landed>>(landed);
    }

    public Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<Flight>>(_partitions[partition].ReadFlights(before, limit));

    public Task<IReadOnlyList<bool>> ExtendFlightsAsync(int partition, IReadOnlyList<Extension> extensions, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<bool>>([.. extensions.Select(_partitions[partition].ExtendFlight)]);

    public Task<ReadOnlyMemory<byte>?> FindFlightAsync(int partition, string id, CancellationToken cancellation) => Task.FromResult(_partitions[partition].FindFlight(id)?.Payload);

    public Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation) => Task.FromResult(_partitions[partition].Find(key));

    public Task<IReadOnlyDictionary<string, DueStamp>> StampAsync(int partition, IReadOnlyList<string> keys, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyDictionary<string, DueStamp>>(_partitions[partition].Stamp(keys));

    public Task<Page<DueStamp>> ListAsync(int partition, string? cursor, int limit, CancellationToken cancellation) => Task.FromResult(_partitions[partition].List(cursor, limit));

    public Task<int> RemoveAsync(int partition, IReadOnlyList<DueStamp> stamps, CancellationToken cancellation) => Task.FromResult(_partitions[partition].Remove(stamps));

    public Task<IReadOnlyList<SlotClaim>> ReadSlotsAsync(int partition, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<SlotClaim>>(_partitions[partition].ReadSlots());

    public Task<string> ReadIncarnationAsync(CancellationToken cancellation) => Task.FromResult(_incarnation);

    public Task<string> BeginBuildAsync(int partition, CancellationToken cancellation) => Task.FromResult(_partitions[partition].BeginBuild());

    public Task<bool> EndBuildAsync(int partition, string build, string incarnation, CancellationToken cancellation) => Task.FromResult(_partitions[partition].EndBuild(build, incarnation));
}
