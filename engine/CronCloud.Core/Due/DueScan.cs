namespace CronCloud.Core.Due;

/// <summary>What to look for. Three lanes, so that a backlog delays nobody whose time is now.</summary>
public sealed record DueQuery
{
    public required DateTimeOffset Now { get; init; }

    /// <summary>How many entries that are due by now, at most: first those due after <see cref="OverdueBefore"/>, then the others.</summary>
    public required int Limit { get; init; }

    /// <summary>Entries due at or before this instant come last, and are never left out altogether.</summary>
    public DateTimeOffset OverdueBefore { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>How many left-overs.</summary>
    public int LeftOverLimit { get; init; }

    /// <summary>How far the asker has come: the index keeps the highest, and so tells an older copy of itself.</summary>
    public DateTimeOffset Reached { get; init; } = DateTimeOffset.UnixEpoch;
}

/// <summary>
/// What a scan found. A partition that is not built (any more) looks as if nothing were due: the same atomic step tells the two apart.
/// </summary>
public sealed record DueScan
{
    /// <summary>False before the first build, and when entries are missing that were there.</summary>
    public required bool IsBuilt { get; init; }

    /// <summary>The index' incarnation when the partition was built.</summary>
    public string? Incarnation { get; init; }

    /// <summary>How far an owner had come, as the index remembers it from before this scan.</summary>
    public DateTimeOffset? Reached { get; init; }

    /// <summary>Due by now; the soonest first in each lane.</summary>
    public required IReadOnlyList<DueEntry> Entries { get; init; }

    public IReadOnlyList<DueEntry> LeftOvers { get; init; } = [];

    /// <summary>Whether there is more that is due by now than <see cref="Entries"/>.</summary>
    public bool IsFull { get; init; }

    /// <summary>Whether there are more left-overs.</summary>
    public bool HasMoreLeftOvers { get; init; }

    /// <summary>The soonest due time of all, left-overs included.</summary>
    public DateTimeOffset? Oldest { get; init; }

    /// <summary>When the next one is due after now; left-overs aside.</summary>
    public DateTimeOffset? NextDue { get; init; }
}
