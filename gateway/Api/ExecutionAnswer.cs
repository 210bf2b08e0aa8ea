using System.Text.Json.Serialization;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;

namespace CronCloud.Gateway.Api;

/// <summary>An execution as the API shows it.</summary>
internal sealed record ExecutionAnswer
{
    public required string ExecutionId { get; init; }

    public required string JobId { get; init; }

    public required DateTimeOffset ScheduledAt { get; init; }

    public required Trigger Trigger { get; init; }

    public required ExecutionStatus Status { get; init; }

    /// <summary>Start of the first attempt minus due time; null before it started.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? LatenessMs { get; init; }

    public required string TraceId { get; init; }

    /// <summary>Why it was not started, or not tried again.</summary>
    public string? Reason { get; init; }

    /// <summary>How many occurrences this one stands for, when more than one in a row were missed.</summary>
    public int? Occurrences { get; init; }

    /// <summary>The due time of the last of them.</summary>
    public DateTimeOffset? LastScheduledAt { get; init; }

    public required IReadOnlyList<AttemptAnswer> Attempts { get; init; }

    public static ExecutionAnswer Of(HistoryExecution execution) => new()
    {
        ExecutionId = execution.Last.ExecutionId,
        JobId = execution.Last.JobId,
        ScheduledAt = execution.Last.ScheduledAt,
        Trigger = execution.Last.Trigger,
        Status = execution.Last.Status,
        LatenessMs = execution.Attempts.FirstOrDefault(IsAttempt)?.LatenessMs,
        TraceId = execution.Last.TraceId,
        Reason = IsAttempt(execution.Last) ? null : execution.Last.Error,
        Occurrences = execution.Last.Occurrences > 1 ? execution.Last.Occurrences : null,
        LastScheduledAt = execution.Last.LastDue,
        Attempts = [.. execution.Attempts.Where(IsAttempt).Select(row => AttemptAnswer.Of(row, execution.Attempts))],
    };

    /// <summary>One that goes on: history may have attempts before this one.</summary>
    public static ExecutionAnswer Of(Execution execution, HistoryExecution? recorded = null, bool waits = false) =>
        recorded is null ? Of(execution) : Of(recorded) with
        {
            Trigger = execution.Trigger,
            Status = waits && recorded.Last.Status == ExecutionStatus.Retrying ? ExecutionStatus.Retrying : ExecutionStatus.Running,
            Reason = null,
        };

    private static ExecutionAnswer Of(Execution running) => new()
    {
        ExecutionId = running.ExecutionId,
        JobId = running.JobId,
        ScheduledAt = running.ScheduledAt,
        Trigger = running.Trigger,
        Status = ExecutionStatus.Running,
        LatenessMs = null,
        TraceId = TraceParent.TraceId(running.TraceParent),
        Attempts = [],
    };

    private static bool IsAttempt(HistoryRow row) => row.Result is not (AttemptResult.Skipped or AttemptResult.Missed or AttemptResult.PutOff);
}

internal sealed record AttemptAnswer
{
    public required int Number { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required long DurationMs { get; init; }

    public required AttemptResult Outcome { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required int? StatusCode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? Error { get; init; }

    public required string? Output { get; init; }

    public required string Node { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Its number is that of calls of the target: what was put off was none.</summary>
    public static AttemptAnswer Of(HistoryRow row, IReadOnlyList<HistoryRow> all) => new()
    {
        Number = row.Attempt - all.Count(other => other.Result == AttemptResult.PutOff && other.Attempt < row.Attempt),
        StartedAt = row.StartedAt,
        DurationMs = row.DurationMs,
        Outcome = row.Result,
        StatusCode = row.StatusCode,
        Error = row.Error,
        Output = row.Output,
        Node = row.Node,
        NextAttemptAt = row.NextAttemptAt,
    };
}
