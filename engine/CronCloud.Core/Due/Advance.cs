namespace CronCloud.Core.Due;

/// <summary>A step of an entry that was dispatched: it happens only if the entry still has this version and due time.</summary>
/// <param name="NextDue">When the entry is due again; null puts a tombstone in its place, or removes it when it was one or a job's left-over.</param>
/// <param name="Flight">The execution that was published, in flight from now on; null when nothing was.</param>
public sealed record Advance(DueEntry Entry, DateTimeOffset? NextDue, Flight? Flight)
{
    /// <summary>An entry that is left behind in the same step.</summary>
    public DueEntry? LeftOver { get; init; }

    /// <summary>The slot that was claimed for the flight. Where the execution is over already, no outcome will free it: it is freed in the same step.</summary>
    public SlotClaim? Slot { get; init; }

    /// <summary>An execution that waits for its job's slot from now on; should the slot be free by now, it is due at once.</summary>
    public Parking? Park { get; init; }
}

/// <summary>A dispatched attempt whose outcome is awaited until the deadline.</summary>
/// <param name="Id">The attempt's id.</param>
/// <param name="Deadline">When it is dispatched again.</param>
/// <param name="Payload">The execution, to dispatch again from.</param>
public sealed record Flight(string Id, DateTimeOffset Deadline, ReadOnlyMemory<byte> Payload);

/// <summary>An outcome was settled: its flight ends; a retry, if there is one, is armed in the same step.</summary>
/// <param name="FlightId">Null when there is only a slot to free.</param>
public sealed record Landing(string? FlightId, DueEntry? Retry)
{
    /// <summary>How long a landing is remembered. Longer than an advance can come after its publish.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);

    /// <summary>A retry that is due sooner than in this time is not taken back: a node whose clock is ahead may have it on the queue by now.</summary>
    public static readonly TimeSpan ClocksDiffer = TimeSpan.FromSeconds(1);

    /// <summary>Whether the attempt succeeded: what another run of it comes to later is of no account.</summary>
    public bool Succeeded { get; init; }

    /// <summary>Whether the attempt failed, and was the last: a retry that another run of it asks for later is of no account.</summary>
    public bool FailedForGood { get; init; }

    /// <summary>The slot that the execution had, if it still has it: who waits for it is due at once.</summary>
    public SlotClaim? Frees { get; init; }
}
