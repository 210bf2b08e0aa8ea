using CronCloud.Core.Executions;

namespace CronCloud.Core.Due;

/// <summary>An occurrence that is not started, by its job's own policy; or a range of them, told by its first.</summary>
public sealed record Dropped(Execution First, DropKind Kind, string Reason)
{
    public int Count { get; init; } = 1;

    public DateTimeOffset Last { get; init; } = First.ScheduledAt;
}

public enum DropKind
{
    /// <summary>By the overlap policy, or since the job was deleted.</summary>
    Skipped,

    /// <summary>By the catch-up policy.</summary>
    Missed,
}
