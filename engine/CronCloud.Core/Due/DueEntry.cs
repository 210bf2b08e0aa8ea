namespace CronCloud.Core.Due;

/// <summary>
/// What is due when: a job's next occurrence, or an execution that waits (for a retry, or asked for by hand). The version decides
/// between two writers: the higher one stays. An empty payload is a tombstone: it keeps older versions out until it falls due itself.
/// </summary>
public sealed record DueEntry(string Key, long Version, DateTimeOffset Due, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Longer than any late writer of an older version can be late.</summary>
    public static readonly TimeSpan TombstoneLife = TimeSpan.FromMinutes(10);

    public bool IsTombstone => Payload.IsEmpty;

    public static DueEntry Tombstone(string key, long version, DateTimeOffset now) => new(key, version, now + TombstoneLife, default);
}

/// <summary>A step of an entry that was dispatched: it happens only if the entry still has this version and due time.</summary>
/// <param name="NextDue">When the entry is due again; null puts a tombstone in its place, or removes it when it was one.</param>
/// <param name="Flight">The execution that was published, in flight from now on; null when nothing was.</param>
public sealed record Advance(DueEntry Entry, DateTimeOffset? NextDue, Flight? Flight);

/// <summary>A dispatched attempt whose outcome is awaited until the deadline.</summary>
/// <param name="Id">The attempt's id.</param>
/// <param name="Deadline">When it is dispatched again.</param>
/// <param name="Payload">The execution, to dispatch again from.</param>
public sealed record Flight(string Id, DateTimeOffset Deadline, ReadOnlyMemory<byte> Payload);

/// <summary>An outcome was settled: its flight ends; a retry, if there is one, is armed in the same step.</summary>
public sealed record Landing(string FlightId, DueEntry? Retry)
{
    /// <summary>How long a landing without a flight is remembered. Longer than an advance can come after its publish.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);
}

/// <summary>
/// What a scan found: entries due, the soonest first, and when the next one after them is due. A partition that is not built (any more) looks as
/// if nothing were due: the same atomic step tells the two apart.
/// </summary>
public sealed record DueScan(bool IsBuilt, IReadOnlyList<DueEntry> Entries, DateTimeOffset? NextDue);
