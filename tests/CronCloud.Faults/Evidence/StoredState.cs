namespace CronCloud.Faults.Evidence;

/// <summary>What the servers held after a fault, read while no client changed a job.</summary>
public sealed record StoredState
{
    /// <summary>Before the first was read …</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>… and after the last.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>The record: every job, also those that are paused or deleted.</summary>
    public required IReadOnlyList<StoredJob> Jobs { get; init; }

    /// <summary>The due index, all partitions, without tombstones.</summary>
    public required IReadOnlyList<StoredEntry> Entries { get; init; }

    public required IReadOnlyList<StoredFlight> Flights { get; init; }

    public required IReadOnlyList<StoredReader> Readers { get; init; }

    /// <summary>Occurrences that the nodes that live now counted as missed.</summary>
    public required long CountedMissed { get; init; }
}

/// <param name="Path">The path of its target.</param>
/// <param name="Revisions">The versions that the record knows, in order.</param>
public sealed record StoredJob(string Job, long Version, bool Active, string Path, IReadOnlyList<long> Revisions);

/// <param name="Job">Whose it is.</param>
/// <param name="Kind">What of the job is due.</param>
public sealed record StoredEntry(string Job, EntryKind Kind, long Version, DateTimeOffset Due);

public enum EntryKind
{
    /// <summary>The job's next occurrence.</summary>
    Next,

    /// <summary>An execution that waits for its retry.</summary>
    Waiting,

    /// <summary>What an older version was due, or what is long overdue.</summary>
    LeftOver,
}

/// <summary>An attempt that was handed to the queue and has no outcome yet.</summary>
public sealed record StoredFlight(string Id, DateTimeOffset Deadline);

/// <summary>One who reads a stream.</summary>
/// <param name="Name">Who.</param>
/// <param name="Last">The last message that was there when the heal was over.</param>
/// <param name="Acknowledged">Up to here all are done.</param>
public sealed record StoredReader(string Name, long Last, long Acknowledged);
