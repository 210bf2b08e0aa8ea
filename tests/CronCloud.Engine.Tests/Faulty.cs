using CronCloud.Core;
using CronCloud.Core.Due;
using CronCloud.Core.Streams;

namespace CronCloud.Engine.Tests;

/// <summary>A queue that refuses when told to.</summary>
internal sealed class FaultyQueue(IExecutionQueue queue) : IExecutionQueue
{
    public bool Refuses { get; set; }

    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) =>
        Refuses ? Task.FromResult<IReadOnlyList<bool>>(new bool[messages.Count]) : queue.PublishAsync(messages, cancellation);

    public Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation) => queue.PullAsync(max, wait, cancellation);

    public Task<long> CountAsync(CancellationToken cancellation) => queue.CountAsync(cancellation);
}

/// <summary>An index that breaks before an advance when told to, and can be emptied.</summary>
internal sealed class FaultyIndex(IDueIndex index) : IDueIndex
{
    private IDueIndex _index = index;

    public event Action<int> Woken
    {
        add => _index.Woken += value;
        remove => _index.Woken -= value;
    }

    public bool BreaksBeforeAdvance { get; set; }

    public void Empty() => _index = new Backends.DueIndex.MemoryDueIndex();

    public Task ArmAsync(int partition, IReadOnlyList<DueEntry> entries, CancellationToken cancellation) => _index.ArmAsync(partition, entries, cancellation);

    public Task<DueScan> ScanAsync(int partition, DueQuery query, CancellationToken cancellation) => _index.ScanAsync(partition, query, cancellation);

    public Task<IReadOnlyList<SlotState>> ClaimAsync(int partition, IReadOnlyList<SlotClaim> claims, CancellationToken cancellation) => _index.ClaimAsync(partition, claims, cancellation);

    public Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation) =>
        BreaksBeforeAdvance ? throw new IOException("The index is away.") : _index.AdvanceAsync(partition, advances, now, cancellation);

    public Task<IReadOnlyList<bool>> LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation) => _index.LandAsync(partition, landings, now, cancellation);

    public Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation) => _index.ReadFlightsAsync(partition, before, limit, cancellation);

    public Task<bool> ExtendFlightAsync(int partition, Flight old, Flight renewed, CancellationToken cancellation) => _index.ExtendFlightAsync(partition, old, renewed, cancellation);

    public Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation) => _index.FindAsync(partition, key, cancellation);

    public Task<IReadOnlyDictionary<string, DueStamp>> StampAsync(int partition, IReadOnlyList<string> keys, CancellationToken cancellation) => _index.StampAsync(partition, keys, cancellation);

    public Task<Page<DueStamp>> ListAsync(int partition, string? cursor, int limit, CancellationToken cancellation) => _index.ListAsync(partition, cursor, limit, cancellation);

    public Task<int> RemoveAsync(int partition, IReadOnlyList<DueStamp> stamps, CancellationToken cancellation) => _index.RemoveAsync(partition, stamps, cancellation);

    public Task<IReadOnlyList<SlotClaim>> ReadSlotsAsync(int partition, CancellationToken cancellation) => _index.ReadSlotsAsync(partition, cancellation);

    public Task<string> ReadIncarnationAsync(CancellationToken cancellation) => _index.ReadIncarnationAsync(cancellation);

    public Task<string> BeginBuildAsync(int partition, CancellationToken cancellation) => _index.BeginBuildAsync(partition, cancellation);

    public Task<bool> EndBuildAsync(int partition, string build, string incarnation, CancellationToken cancellation) => _index.EndBuildAsync(partition, build, incarnation, cancellation);
}
