using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.History;

/// <summary>One attempt as history keeps it. Its key is (tenant, job, due time, execution, attempt): writing it again changes nothing.</summary>
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

    public required DateTimeOffset StartedAt { get; init; }

    public required long DurationMs { get; init; }

    public required string Node { get; init; }

    public required string TraceId { get; init; }

    public int? StatusCode { get; init; }

    public string? Error { get; init; }

    public string? Output { get; init; }

    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Start of this attempt minus due time, in milliseconds.</summary>
    public long LatenessMs => (long)(StartedAt - ScheduledAt).TotalMilliseconds;

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
            Attempt = execution.Attempt,
            Status = settlement.Status,
            Result = outcome.Result,
            StartedAt = outcome.StartedAt,
            DurationMs = outcome.DurationMs,
            Node = outcome.Node,
            TraceId = Executions.TraceParent.TraceId(execution.TraceParent),
            StatusCode = outcome.StatusCode,
            Error = outcome.Error,
            Output = outcome.Output,
            NextAttemptAt = settlement.RetryAt,
        };
    }
}
