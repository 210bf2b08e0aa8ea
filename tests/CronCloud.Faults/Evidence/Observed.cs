namespace CronCloud.Faults.Evidence;

/// <summary>A job as the API showed it.</summary>
/// <param name="Path">The path of its target; null when there is no such job.</param>
public sealed record JobReading(string Job, DateTimeOffset At, string? Path, bool Paused);

/// <summary>An execution as the history API showed it.</summary>
public sealed record RecordedExecution(string Job, string Execution, DateTimeOffset ScheduledAt, string Status, IReadOnlyList<RecordedAttempt> Attempts)
{
    /// <summary>Ended without a start, as the job's own policy says.</summary>
    public bool Dropped => Status is "skipped" or "missed";

    /// <summary>
    /// As targets count them. An attempt that was put off by a worker that then died before it could acknowledge that may be told as a crash, too, whose row takes the place of the other: it was none for
    /// its target, and those after it are numbered one too high.
    /// </summary>
    public IEnumerable<RecordedAttempt> Made => Attempts.Where(a => !IsPassedOver(a)).Select(a => a with { Number = a.Number - Attempts.Count(before => before.Number < a.Number && IsPassedOver(before)) });

    private bool IsPassedOver(RecordedAttempt attempt) => attempt.Error?.StartsWith("worker-crash", StringComparison.Ordinal) == true && Attempts.Any(after => after.Number > attempt.Number);
}

public sealed record RecordedAttempt(int Number, string Outcome, int? StatusCode, string? Error, DateTimeOffset StartedAt);

/// <summary>All that is known of a run, and which due times it is checked for.</summary>
public sealed record Observed
{
    public required IReadOnlyList<Delivery> Deliveries { get; init; }

    public required IReadOnlyList<Operation> Operations { get; init; }

    public IReadOnlyList<FaultWindow> Windows { get; init; } = [];

    /// <summary>Due times from here are checked …</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>… up to here.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>When the ledger was read.</summary>
    public required DateTimeOffset ReadAt { get; init; }

    /// <summary>How much later than promised starts may be: the machine's own, where it is slow and shared.</summary>
    public TimeSpan Slack { get; init; }

    /// <summary>Null when history is not checked.</summary>
    public IReadOnlyList<RecordedExecution>? History { get; init; }

    public IReadOnlyList<JobReading> Readings { get; init; } = [];

    /// <summary>Null when the servers are not looked into.</summary>
    public StoredState? Stored { get; init; }
}
