using CronCloud.Core.Executions;

namespace CronCloud.Core.Outcomes;

/// <summary>
/// What follows from an outcome. A pure function of it: the settler acts on it and the history writer records it, and both
/// come to the same.
/// </summary>
public sealed record Settlement(ExecutionStatus Status, DateTimeOffset? RetryAt)
{
    /// <summary>A target may not put its job off for longer than this.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(24);

    public static Settlement Of(Outcome outcome) => outcome.Result switch
    {
        AttemptResult.Succeeded => new Settlement(ExecutionStatus.Succeeded, null),
        AttemptResult.Skipped => new Settlement(ExecutionStatus.Skipped, null),
        AttemptResult.Missed => new Settlement(ExecutionStatus.Missed, null),
        _ when IsRetried(outcome) => new Settlement(ExecutionStatus.Retrying, RetryAtOf(outcome)),
        _ => new Settlement(ExecutionStatus.DeadLettered, null),
    };

    /// <summary>The execution as its next attempt.</summary>
    public static Execution NextAttempt(Outcome outcome) => outcome.Execution with
    {
        Attempt = outcome.Execution.Attempt + 1,
        Redispatch = 0,
        Returns = 0,
        Claims = 0,
        Earlier = AttemptsOf(outcome),
    };

    /// <summary>All attempts of the execution up to this one.</summary>
    public static IReadOnlyList<EarlierAttempt> AttemptsOf(Outcome outcome) => [.. outcome.Execution.Earlier ?? [], EarlierAttempt.Of(outcome)];

    /// <summary>A request that the target called wrong (4xx) stays wrong, but for: timeout, too early, too many requests; and if its job says so.</summary>
    private static bool IsRetried(Outcome outcome) =>
        !outcome.IsFinal
        && RoundAttempt(outcome.Execution) <= outcome.Execution.Retry.MaxRetries
        && (outcome.Execution.Retry.ClientErrors || outcome.StatusCode is not (>= 400 and <= 499 and not (408 or 425 or 429)));

    private static DateTimeOffset RetryAtOf(Outcome outcome)
    {
        var delay = outcome.Execution.Retry.DelayAfter(RoundAttempt(outcome.Execution), outcome.Execution.ExecutionId);
        var asked = outcome.RetryAfter is { } after ? (after < LongestRetryAfter ? after : LongestRetryAfter) : TimeSpan.Zero;
        return outcome.EndedAt + (asked > delay ? asked : delay);
    }

    /// <summary>Which attempt of its round it is, from 1.</summary>
    private static int RoundAttempt(Execution execution) => execution.Attempt - execution.FirstAttempt + 1;
}
