namespace CronCloud.Core.Due;

/// <summary>
/// What is due when, by partition, and what is in flight. An index: always rebuildable from the record, never the only copy.
/// Every step is atomic and may be repeated by anyone at any time to the same effect.
/// </summary>
public interface IDueIndex
{
    /// <summary>A partition has an entry that is due before all others it had. May be raised for partitions in doubt; may be lost.</summary>
    event Action<int> Woken;

    /// <summary>Puts entries in. One of the same or a higher version that is there already stays as it is.</summary>
    Task ArmAsync(int partition, IReadOnlyList<DueEntry> entries, CancellationToken cancellation);

    /// <summary>What is due, and the state that the partition's index is in.</summary>
    Task<DueScan> ScanAsync(int partition, DueQuery query, CancellationToken cancellation);

    /// <summary>Claims slots of jobs whose executions must not overlap: before they are published, and by the same execution as often as it likes, while it is due.</summary>
    Task<IReadOnlyList<SlotState>> ClaimAsync(int partition, IReadOnlyList<SlotClaim> claims, CancellationToken cancellation);

    /// <summary>
    /// Moves entries on, and marks flights. True where it happened. Where the entry has a higher version by now (it was edited meanwhile)
    /// the flight is marked all the same, since what was published must not be forgotten.
    /// </summary>
    Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Ends flights and arms retries. A landing is remembered, so that a late advance marks no flight of it. <see cref="Landed.Over"/> where the retry was over already,
    /// or the attempt had succeeded before and now did not, or is tried again and now was given up, or had failed for good and now asks for a retry. A success takes the next attempt back that waits.
    /// </summary>
    Task<IReadOnlyList<Landed>> LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Flights whose deadline is at or before the instant, the soonest first. <see cref="DateTimeOffset.MaxValue"/> for all.</summary>
    Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation);

    /// <summary>The execution of the flight with that id; null when there is none.</summary>
    Task<ReadOnlyMemory<byte>?> FindFlightAsync(int partition, string id, CancellationToken cancellation);

    /// <summary>Replaces flights that are still there with the old ones' deadlines: true where it was.</summary>
    Task<IReadOnlyList<bool>> ExtendFlightsAsync(int partition, IReadOnlyList<Extension> extensions, CancellationToken cancellation);

    /// <summary>The entry with that key, due, parked or not; null when there is none.</summary>
    Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation);

    /// <summary>The stamps of those of the keys that have an entry.</summary>
    Task<IReadOnlyDictionary<string, DueStamp>> StampAsync(int partition, IReadOnlyList<string> keys, CancellationToken cancellation);

    /// <summary>All stamps, a part at a time: pass null first, then the cursor of the part before until it is null. An entry may come twice.</summary>
    Task<Page<DueStamp>> ListAsync(int partition, string? cursor, int limit, CancellationToken cancellation);

    /// <summary>Takes entries out that still have their stamp; answers how many.</summary>
    Task<int> RemoveAsync(int partition, IReadOnlyList<DueStamp> stamps, CancellationToken cancellation);

    /// <summary>All slots that are taken.</summary>
    Task<IReadOnlyList<SlotClaim>> ReadSlotsAsync(int partition, CancellationToken cancellation);

    /// <summary>Another one means that the index was started anew, and may have lost something.</summary>
    Task<string> ReadIncarnationAsync(CancellationToken cancellation);

    /// <summary>Says that the record is being put in; the answer is for <see cref="EndBuildAsync"/>. The partition does not count as built meanwhile.</summary>
    Task<string> BeginBuildAsync(int partition, CancellationToken cancellation);

    /// <summary>Says that all of the record is in. False when the index was emptied or started anew since, or somebody else began a build: then it is not.</summary>
    Task<bool> EndBuildAsync(int partition, string build, string incarnation, CancellationToken cancellation);
}
