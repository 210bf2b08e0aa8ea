using System.Text.Json.Serialization;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Gateway.Api;

/// <summary>A dead letter as lists show it.</summary>
internal class DeadLetterAnswer(DeadLetter letter)
{
    public string ExecutionId { get; } = letter.Execution.ExecutionId;

    public string JobId { get; } = letter.Execution.JobId;

    public DateTimeOffset ScheduledAt { get; } = letter.Execution.ScheduledAt;

    public DateTimeOffset DeadLetteredAt { get; } = letter.DeadLetteredAt;

    /// <summary>Why the last attempt failed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Error { get; } = letter.Error;

    public int AttemptCount { get; } = letter.Attempts.Count;
}

/// <summary>A dead letter with all that the record has: what was sent, every attempt, the last answer.</summary>
internal sealed class WholeDeadLetterAnswer(DeadLetter letter) : DeadLetterAnswer(letter)
{
    public Trigger Trigger { get; } = letter.Execution.Trigger;

    public long JobVersion { get; } = letter.Execution.JobVersion;

    /// <summary>What was sent.</summary>
    public Target Target { get; } = letter.Execution.Target;

    public RetryPolicy Retry { get; } = letter.Execution.Retry;

    public string TraceId { get; } = TraceParent.TraceId(letter.Execution.TraceParent);

    /// <summary>What the target answered to the last attempt.</summary>
    public string? Output { get; } = letter.Output;

    public IReadOnlyList<EarlierAttempt> Attempts { get; } = Numbered(letter);

    /// <summary>By calls of the target, one after the other: what was put off was none.</summary>
    private static IReadOnlyList<EarlierAttempt> Numbered(DeadLetter letter)
    {
        var last = letter.Attempts.Any(a => a.Number == letter.Execution.Attempt) ? letter.Execution.Number : letter.Execution.Number - 1;
        return [.. letter.Attempts.Select((attempt, i) => attempt with { Number = last - letter.Attempts.Count + 1 + i })];
    }
}
