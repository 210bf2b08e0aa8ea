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

    public static Settlement Of(Outcome outcome)
    {
        if (outcome.Result == AttemptResult.Succeeded)
            return new Settlement(ExecutionStatus.Succeeded, null);
        if (outcome.Execution.Attempt > outcome.Execution.Retry.MaxRetries || !IsRetried(outcome))
            return new Settlement(ExecutionStatus.DeadLettered, null);

        var delay = outcome.Execution.Retry.DelayAfter(outcome.Execution.Attempt, outcome.Execution.ExecutionId);
        var asked = outcome.RetryAfter is { } after ? (after < LongestRetryAfter ? after : LongestRetryAfter) : TimeSpan.Zero;
        return new Settlement(ExecutionStatus.Retrying, outcome.EndedAt + (asked > delay ? asked : delay));
    }

    /// <summary>The execution as its next attempt.</summary>
    public static Execution NextAttempt(Execution execution) => execution with { Attempt = execution.Attempt + 1, Redispatch = 0 };

    /// <summary>A request that the target called wrong (4xx) stays wrong, but for: timeout, too early, too many requests; and if its job says so.</summary>
    private static bool IsRetried(Outcome outcome) => outcome.Execution.Retry.ClientErrors || outcome.StatusCode is not (>= 400 and <= 499 and not (408 or 425 or 429));
}
