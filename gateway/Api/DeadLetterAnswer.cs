using System.Text.Json.Serialization;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Gateway.Api;

/// <summary>A dead letter as lists show it.</summary>
internal record DeadLetterAnswer
{
    public required string ExecutionId { get; init; }

    public required string JobId { get; init; }

    public required DateTimeOffset ScheduledAt { get; init; }

    public required DateTimeOffset DeadLetteredAt { get; init; }

    /// <summary>Why the last attempt failed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? Error { get; init; }

    public required int AttemptCount { get; init; }

    public static DeadLetterAnswer Of(DeadLetter letter) => new()
    {
        ExecutionId = letter.Execution.ExecutionId,
        JobId = letter.Execution.JobId,
        ScheduledAt = letter.Execution.ScheduledAt,
        DeadLetteredAt = letter.DeadLetteredAt,
        Error = letter.Error,
        AttemptCount = letter.Attempts.Count,
    };
}

/// <summary>A dead letter with all that the record has: what was sent, every attempt, the last answer.</summary>
internal sealed record WholeDeadLetterAnswer : DeadLetterAnswer
{
    public required Trigger Trigger { get; init; }

    public required long JobVersion { get; init; }

    /// <summary>What was sent.</summary>
    public required Target Target { get; init; }

    public required RetryPolicy Retry { get; init; }

    public required string TraceId { get; init; }

    /// <summary>What the target answered to the last attempt.</summary>
    public string? Output { get; init; }

    public required IReadOnlyList<EarlierAttempt> Attempts { get; init; }

    public static WholeDeadLetterAnswer OfWhole(DeadLetter letter) => new()
    {
        ExecutionId = letter.Execution.ExecutionId,
        JobId = letter.Execution.JobId,
        ScheduledAt = letter.Execution.ScheduledAt,
        DeadLetteredAt = letter.DeadLetteredAt,
        Error = letter.Error,
        AttemptCount = letter.Attempts.Count,
        Trigger = letter.Execution.Trigger,
        JobVersion = letter.Execution.JobVersion,
        Target = letter.Execution.Target,
        Retry = letter.Execution.Retry,
        TraceId = TraceParent.TraceId(letter.Execution.TraceParent),
        Output = letter.Output,
        Attempts = letter.Attempts,
    };
}
