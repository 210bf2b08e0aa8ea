using System.Globalization;

namespace CronCloud.Core.Due;

/// <summary>
/// What is due when: a job's next occurrence, or an execution that waits (for a retry, or asked for by hand). The version decides
/// between two writers: the higher one stays. An empty payload is a tombstone: it keeps older versions out until it falls due itself and the checkpoint has passed what it stands for.
/// </summary>
public sealed record DueEntry(string Key, long Version, DateTimeOffset Due, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Longer than any late writer of an older version can be late.</summary>
    public static readonly TimeSpan TombstoneLife = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Set on a left-over: what a job was due before it was edited, or what is long overdue while the job itself goes on. It starts nothing after
    /// this instant, and then it is gone. Left-overs have a lane of their own, so that they delay nobody whose time is now.
    /// </summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Not stored. When this version came to be: what an older version was due up to then is left over, not lost. Null leaves nothing over.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Not stored. On a rebuild: the same version is moved forward to this due time if it is behind it, which a rolled-back index is.</summary>
    public bool Raises { get; init; }

    public bool IsTombstone => Payload.IsEmpty;

    public bool IsLeftOver => Until is not null;

    /// <summary>Whether no tombstone takes its place when it is never due again.</summary>
    public bool LeavesNothing => IsTombstone || (IsLeftOver && !EntryKeys.IsOfExecution(Key));

    public static DueEntry Tombstone(string key, long version, DateTimeOffset now) => new(key, version, now + TombstoneLife, default);

    /// <summary>What this entry is due up to an instant, as an entry of its own. Its key is the same whoever makes it.</summary>
    public DueEntry LeftOver(DateTimeOffset until) =>
        this with { Key = string.Create(CultureInfo.InvariantCulture, $"{Key}~{Version}@{Due.ToUnixTimeMilliseconds()}"), Until = until, Since = null };
}

/// <summary>What tells one state of an entry from another.</summary>
public sealed record DueStamp(string Key, long Version, DateTimeOffset Due, bool IsTombstone, bool IsLeftOver);
