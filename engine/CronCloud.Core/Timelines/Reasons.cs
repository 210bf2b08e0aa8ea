using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Timelines;

/// <summary>Why an attempt was followed by another one, or by none: worked out anew from what history has and the policy, since both are functions of them.</summary>
internal static class Reasons
{
    /// <summary>History keeps instants to the millisecond.</summary>
    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(1);

    public static string Cause(HistoryRow row) => row switch
    {
        { StatusCode: { } status } => $"the target answered {status}",
        { Result: AttemptResult.TimedOut } => "the target did not answer in time",
        { Result: AttemptResult.Refused } => "the target could not be reached",
        _ => "the attempt failed",
    };

    /// <param name="row">An attempt that is tried again.</param>
    /// <param name="retry">The policy that the execution went by, as far as it is known.</param>
    /// <param name="number">Which attempt of its round it was, from 1.</param>
    /// <param name="call">Which attempt of the execution it was, from 1; another number in a round that a redrive began.</param>
    public static string Retry(HistoryRow row, RetryPolicy? retry, int number, int call)
    {
        var pause = row.NextAttemptAt!.Value - row.StartedAt.AddMilliseconds(row.DurationMs);
        var most = retry is null ? "" : call == number ? $" of {retry.MaxRetries + 1}" : $", the {Ordinal(number + 1)} of {retry.MaxRetries + 1} of this round,";
        var follows = $"{Cause(row)}; attempt {call + 1}{most} follows after {Durations.Format(pause)}";
        if (retry is null)
            return follows;
        var own = retry.DelayAfter(number, row.ExecutionId);
        if ((pause - own).Duration() <= Rounding)
            return $"{follows}, because the job retries with {Describe(retry, number)}";
        return pause > own && row.StatusCode is not null
            ? $"{follows}, because the target asked for it (Retry-After); the job's own pause is {Durations.Format(own)}"
            : $"{follows}, by the retry policy that the execution was given";
    }

    /// <param name="row">An attempt that is not tried again.</param>
    /// <param name="retry">The policy that the execution went by, as far as it is known.</param>
    /// <param name="number">Which attempt of its round it was, from 1.</param>
    public static string DeadLetter(HistoryRow row, RetryPolicy? retry, int number) => (row, retry) switch
    {
        ({ Result: AttemptResult.Skipped }, _) => $"redriven, but not started: {row.Error}",
        (_, { MaxRetries: 0 }) => $"{Cause(row)}, and the job retries nothing",
        (_, { } policy) when number > policy.MaxRetries => $"{Cause(row)}, and all {policy.MaxRetries + 1} attempts are used up",
        (_, not { ClientErrors: true }) when Settlement.CallsRequestWrong(row.StatusCode) => $"{Cause(row)}: the request is wrong and would stay so, and the job does not retry client errors",
        _ => $"{row.Error ?? Cause(row)}; it is not tried again",
    };

    private static string Ordinal(int number) => (number % 10, number % 100) switch
    {
        (1, not 11) => $"{number}st",
        (2, not 12) => $"{number}nd",
        (3, not 13) => $"{number}rd",
        _ => $"{number}th",
    };

    private static string Describe(RetryPolicy retry, int number)
    {
        var parts = new List<string> { $"initialDelay {Durations.Format(retry.InitialDelay)}", $"multiplier {retry.Multiplier:0.###}" };
        if (retry.InitialDelay.TotalMilliseconds * Math.Pow(retry.Multiplier, number - 1) > retry.MaxDelay.TotalMilliseconds)
            parts.Add($"maxDelay {Durations.Format(retry.MaxDelay)}");
        if (retry.Jitter)
            parts.Add("jitter");
        return string.Join(", ", parts);
    }
}
