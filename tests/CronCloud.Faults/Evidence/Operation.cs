namespace CronCloud.Faults.Evidence;

/// <summary>What a client asked for a job, and what it was told. One that was told nothing stays unknown: both may be so.</summary>
/// <param name="Shape">What the job is when it happened; null when nothing is due then (paused, deleted).</param>
/// <param name="EndedAt">When the answer came; null when none did.</param>
public sealed record Operation(string Job, OperationKind Kind, JobShape? Shape, DateTimeOffset InvokedAt, DateTimeOffset? EndedAt, OperationResult Result);

public enum OperationKind
{
    Put,
    Pause,
    Resume,
    Delete,
}

public enum OperationResult
{
    /// <summary>Acknowledged: it must survive everything.</summary>
    Ok,

    /// <summary>Refused: it must have changed nothing.</summary>
    Failed,

    /// <summary>No answer, or one that says that the server does not know.</summary>
    Unknown,
}

/// <summary>A job as far as the checker must know it.</summary>
public sealed record JobShape
{
    public required Plan Plan { get; init; }

    /// <summary>The path at the sink; it names the version of the definition too.</summary>
    public required string Path { get; init; }

    public int MaxRetries { get; init; }

    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromSeconds(1);

    public OverlapRule Overlap { get; init; }
}

public enum OverlapRule
{
    Allow,
    Skip,
    Queue,
}
