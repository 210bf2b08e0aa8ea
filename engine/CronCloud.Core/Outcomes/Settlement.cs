using CronCloud.Core.Executions;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Outcomes;

/// <summary>
/// What follows from an outcome. A pure function of it: the settler acts on it and the history writer records it, and both
/// come to the same.
/// </summary>
public sealed record Settlement(ExecutionStatus Status, DateTimeOffset? RetryAt)
{
    /// <summary>A target may not put its job off for longer than this.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(24);

    /// <summary>Nor may a worker, before it is looked at again.</summary>
    private static readonly TimeSpan LongestPutOff = TimeSpan.FromMinutes(2);

    /// <summary>Of the attempts that a dead letter tells, the last ones: each redrive adds to them, and history has all.</summary>
    private const int MaxEarlier = 12;

    public static Settlement Of(Outcome outcome) => outcome.Result switch
    {
        AttemptResult.Succeeded => new Settlement(ExecutionStatus.Succeeded, null),
        AttemptResult.Skipped => new Settlement(IsRedriveNotStarted(outcome) ? ExecutionStatus.DeadLettered : ExecutionStatus.Skipped, null),
        AttemptResult.Missed => new Settlement(ExecutionStatus.Missed, null),
        AttemptResult.PutOff => new Settlement(ExecutionStatus.Retrying, outcome.EndedAt + PutOffOf(outcome)),
        _ when IsRetried(outcome) => new Settlement(ExecutionStatus.Retrying, RetryAtOf(outcome)),
        _ => new Settlement(ExecutionStatus.DeadLettered, null),
    };

    /// <summary>
    /// The execution as its next attempt. One that was put off takes a number too, since by it all steps are told apart, and is none of those that were made; workers that
    /// had claimed it still count.
    /// </summary>
    public static Execution NextAttempt(Outcome outcome) => outcome.Execution with
    {
        Attempt = outcome.Execution.Attempt + 1,
        PutOffs = outcome.Execution.PutOffs + (outcome.IsPutOff ? 1 : 0),
        Redispatch = 0,
        Returns = 0,
        DispatchedAt = null,
        DispatchedBy = null,
        Claims = outcome.IsPutOff ? outcome.Execution.Claims : 0,
        Earlier = outcome.IsPutOff ? outcome.Execution.Earlier : AttemptsOf(outcome),
    };

    /// <summary>The attempts of the execution up to this one, the last twelve.</summary>
    public static IReadOnlyList<EarlierAttempt> AttemptsOf(Outcome outcome) => [.. (outcome.Execution.Earlier ?? []).TakeLast(MaxEarlier - 1), EarlierAttempt.Of(outcome)];

    /// <summary>From half the pause to one and a half of it, by hash: what was put off together does not come back together, and whoever asks comes to the same instant.</summary>
    private static TimeSpan PutOffOf(Outcome outcome)
    {
        var asked = outcome.RetryAfter ?? TimeSpan.Zero;
        var share = 0.5 + (StableHash.Of($"{outcome.Execution.ExecutionId}#{outcome.Execution.Attempt}") % 1000 / 1000.0);
        return TimeSpan.FromMilliseconds(Math.Round((asked < LongestPutOff ? asked : LongestPutOff).TotalMilliseconds * share));
    }

    /// <summary>What was redriven and then not started is a dead letter again: it was one, and nothing has come of it.</summary>
    private static bool IsRedriveNotStarted(Outcome outcome) => outcome.Execution.FirstAttempt > 1 && RoundAttempt(outcome.Execution) == 1;

    /// <summary>A request that the target called wrong (4xx) stays wrong, but for: timeout, too early, too many requests.</summary>
    public static bool CallsRequestWrong(int? status) => status is >= 400 and <= 499 and not (408 or 425 or 429);

    private static bool IsRetried(Outcome outcome) =>
        !outcome.IsFinal
        && RoundAttempt(outcome.Execution) <= outcome.Execution.Retry.MaxRetries
        && (outcome.Execution.Retry.ClientErrors || !CallsRequestWrong(outcome.StatusCode));

    private static DateTimeOffset RetryAtOf(Outcome outcome)
    {
        var delay = outcome.Execution.Retry.DelayAfter(RoundAttempt(outcome.Execution), outcome.Execution.ExecutionId);
        var asked = outcome.RetryAfter is { } after ? (after < LongestRetryAfter ? after : LongestRetryAfter) : TimeSpan.Zero;
        return outcome.EndedAt + (asked > delay ? asked : delay);
    }

    /// <summary>Which attempt of its round it is, from 1; those that were put off were none.</summary>
    private static int RoundAttempt(Execution execution) => execution.Attempt - execution.FirstAttempt + 1 - execution.PutOffs;
}
