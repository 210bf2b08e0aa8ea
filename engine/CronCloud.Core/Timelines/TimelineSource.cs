using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;

namespace CronCloud.Core.Timelines;

/// <summary>What is recorded of an execution, from all who record something: history, the due index, the dead letters, the job's revisions.</summary>
public sealed record TimelineSource
{
    /// <summary>Its attempts that have an outcome; null before there is one.</summary>
    public HistoryExecution? Recorded { get; init; }

    /// <summary>The attempt that the due index has: it is in flight, or waits; null when it has none.</summary>
    public Execution? Current { get; init; }

    /// <summary>When the current attempt is due; null when it is in flight.</summary>
    public DateTimeOffset? WaitsUntil { get; init; }

    /// <summary>The execution that has the job's slot, when the current one waits for it.</summary>
    public string? SlotHolder { get; init; }

    /// <summary>Whether it is among the dead letters now.</summary>
    public bool IsDeadLetter { get; init; }

    /// <summary>The retry policy that the execution goes by; null when nobody knows any more.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>The time: what waits and what runs does so as of now.</summary>
    public required DateTimeOffset Now { get; init; }
}
