namespace CronCloud.Core.Due;

/// <summary>
/// The one place that a job has when its executions must not overlap. It belongs to an execution from before it is published until it has
/// ended, retries included; claiming it again for the same execution is no conflict.
/// </summary>
/// <param name="Job">The job's entry key.</param>
/// <param name="Execution">The execution's entry key.</param>
public sealed record SlotClaim(string Job, string Execution)
{
    /// <summary>Not stored. The entry that the execution comes from: a claim counts only while that is as it was seen, else it would be one for what has ended. Null for whatever.</summary>
    public DueEntry? Seen { get; init; }

    /// <summary>Not stored. The attempt that is to be published: once its outcome is settled it must not be. Null for whatever.</summary>
    public string? AttemptId { get; init; }
}

/// <summary>An execution that waits for its job's slot; it is an entry again when the slot is free.</summary>
public sealed record Parking(SlotClaim Claim, DueEntry Entry);

/// <summary>What came of a claim.</summary>
public enum SlotState
{
    /// <summary>The execution has the slot.</summary>
    Taken,

    /// <summary>Another has it, and nobody waits (or this one does already).</summary>
    Busy,

    /// <summary>Another has it, and yet another waits.</summary>
    Full,

    /// <summary>The entry has moved on since it was seen: somebody else has dispatched it.</summary>
    Gone,

    /// <summary>The attempt was published before, and its outcome is settled: the slot is as it was.</summary>
    Landed,
}
