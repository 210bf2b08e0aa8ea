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

    /// <summary>Entries due at or before <paramref name="now"/>, the soonest first.</summary>
    Task<DueScan> ScanAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancellation);

    /// <summary>
    /// Moves entries on, and marks flights. True where it happened. Where the entry has a higher version by now (it was edited meanwhile)
    /// the flight is marked all the same, since what was published must not be forgotten.
    /// </summary>
    Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Ends flights and arms retries. A landing whose flight was not marked yet is remembered, so that the advance behind it marks none.</summary>
    Task LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Flights whose deadline is at or before the instant, the soonest first. <see cref="DateTimeOffset.MaxValue"/> for all.</summary>
    Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation);

    /// <summary>Replaces a flight, if it is still there with the old one's deadline. True when it was.</summary>
    Task<bool> ExtendFlightAsync(int partition, Flight old, Flight renewed, CancellationToken cancellation);

    /// <summary>The entry with that key, due or not; null when there is none.</summary>
    Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation);

    /// <summary>Whether the partition was built; false after the index was emptied, and before it was ever built.</summary>
    Task<bool> IsBuiltAsync(int partition, CancellationToken cancellation);

    /// <summary>Says that the record is being put in; the answer is for <see cref="EndBuildAsync"/>.</summary>
    Task<string> BeginBuildAsync(int partition, CancellationToken cancellation);

    /// <summary>Says that all of the record is in. False when the index was emptied since, or somebody else began a build: then it is not.</summary>
    Task<bool> EndBuildAsync(int partition, string build, CancellationToken cancellation);
}
