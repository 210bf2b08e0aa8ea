using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.History;

/// <summary>
/// One attempt as history keeps it, or (attempt 0) an occurrence that was not started. Its key is (tenant, job, due time, execution, attempt): writing it again
/// changes nothing, and of two with the same key the one of the higher <see cref="Rank"/> stays, whichever is written first.
/// </summary>
public sealed record HistoryRow
{
    public required string Tenant { get; init; }

    public required string JobId { get; init; }

    public required string ExecutionId { get; init; }

    public required DateTimeOffset ScheduledAt { get; init; }

    public required Trigger Trigger { get; init; }

    public required int Attempt { get; init; }

    /// <summary>Where the execution stood after this attempt.</summary>
    public required ExecutionStatus Status { get; init; }

    public required AttemptResult Result { get; init; }

    /// <summary>When this attempt was handed to the queue, and by which node; null where it was not, or nobody said.</summary>
    public DateTimeOffset? DispatchedAt { get; init; }

    public string? DispatchedBy { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required long DurationMs { get; init; }

    public required string Node { get; init; }

    public required string TraceId { get; init; }

    public int? StatusCode { get; init; }

    public string? Error { get; init; }

    public string? Output { get; init; }

    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>How many occurrences the row stands for: more than one for a range that was missed.</summary>
    public int Occurrences { get; init; } = 1;

    /// <summary>The due time of the last of the range.</summary>
    public DateTimeOffset? LastDue { get; init; }

    /// <summary>Start of this attempt minus due time, in milliseconds.</summary>
    public long LatenessMs => (long)(StartedAt - ScheduledAt).TotalMilliseconds;

    /// <summary>Whether a call was made: it was neither put off nor dropped.</summary>
    public bool IsMade => Result is AttemptResult.Succeeded or AttemptResult.Failed or AttemptResult.TimedOut or AttemptResult.Refused;

    /// <summary>
    /// An attempt may be told twice when it was run twice. What ended it goes before what did not: succeeded, then failed for good, then failed, then not started
    /// (the longer range first, since a range may be told again and reach further), then put off.
    /// </summary>
    public uint Rank => Result switch
    {
        AttemptResult.Succeeded => 4_000_000_000,
        AttemptResult.Failed or AttemptResult.TimedOut or AttemptResult.Refused => Status == ExecutionStatus.DeadLettered ? 3_000_000_001 : 3_000_000_000,
        AttemptResult.Skipped or AttemptResult.Missed => (uint)Math.Max(1, Occurrences),
        _ => 0,
    };

    /// <summary>The outcome that the row tells, of the execution whose attempt it was.</summary>
    public Outcome ToOutcome(Execution execution) => new()
    {
        Execution = execution,
        Result = Result,
        StartedAt = StartedAt,
        DurationMs = DurationMs,
        Node = Node,
        StatusCode = StatusCode,
        Error = Error,
        Output = Output,
        RetryAfter = NextAttemptAt - StartedAt.AddMilliseconds(DurationMs),
        IsFinal = Status == ExecutionStatus.DeadLettered,
    };

    public static HistoryRow Of(Outcome outcome)
    {
        var settlement = Settlement.Of(outcome);
        var execution = outcome.Execution;
        return new HistoryRow
        {
            Tenant = execution.Tenant,
            JobId = execution.JobId,
            ExecutionId = execution.ExecutionId,
            ScheduledAt = execution.ScheduledAt,
            Trigger = execution.Trigger,
            Attempt = outcome.IsDropped && execution.Attempt == 1 ? 0 : execution.Attempt,
            Status = settlement.Status,
            Result = outcome.Result,
            DispatchedAt = execution.DispatchedAt,
            DispatchedBy = execution.DispatchedBy,
            StartedAt = outcome.StartedAt,
            DurationMs = outcome.DurationMs,
            Node = outcome.Node,
            TraceId = Executions.TraceParent.TraceId(execution.TraceParent),
            StatusCode = outcome.StatusCode,
            Error = outcome.Error,
            Output = outcome.Output,
            NextAttemptAt = settlement.RetryAt,
            Occurrences = outcome.Occurrences,
            LastDue = outcome.LastDue,
        };
    }
}
