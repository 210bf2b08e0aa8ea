using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Simulation.Scenarios;

namespace CronCloud.Simulation.Checking;

/// <summary>Which attempts an execution must have, by the target's script and the job's retry policy, and how it must end. The checker's own arithmetic.</summary>
internal sealed record AttemptChain(IReadOnlyList<Reply> Attempts, ExecutionStatus Ends)
{
    public static AttemptChain Of(int seed, Execution first)
    {
        var attempts = new List<Reply>();
        while (true)
        {
            var reply = TargetScript.Of(seed, first.Target, first.ExecutionId, attempts.Count + 1);
            attempts.Add(reply);
            if (reply.Answer.Result == AttemptResult.Succeeded)
                return new AttemptChain(attempts, ExecutionStatus.Succeeded);
            if (attempts.Count > first.Retry.MaxRetries || !MayRetry(first.Retry, reply.Answer))
                return new AttemptChain(attempts, ExecutionStatus.DeadLettered);
        }
    }

    /// <summary>The shortest pause after a failed attempt that the policy allows.</summary>
    public static TimeSpan ShortestPause(RetryPolicy policy, int attempt, Answer answer)
    {
        var pause = Pause(policy, attempt) * (policy.Jitter ? 0.75 : 1);
        return answer.RetryAfter is { } asked && asked > pause ? asked : pause;
    }

    /// <summary>How long the whole chain takes at most when nothing goes wrong.</summary>
    public TimeSpan Length(RetryPolicy policy)
    {
        var length = TimeSpan.Zero;
        for (var i = 0; i < Attempts.Count; i++)
            length += Attempts[i].Duration + (i > 0 ? Longer(Pause(policy, i), Attempts[i - 1].Answer.RetryAfter) : TimeSpan.Zero);
        return length;
    }

    private static TimeSpan Pause(RetryPolicy policy, int attempt)
    {
        var pause = policy.InitialDelay;
        for (var i = 1; i < attempt; i++)
            pause *= policy.Multiplier;
        return pause < policy.MaxDelay ? pause : policy.MaxDelay;
    }

    private static TimeSpan Longer(TimeSpan pause, TimeSpan? asked) => asked > pause ? asked.Value : pause;

    private static bool MayRetry(RetryPolicy policy, Answer answer) => policy.ClientErrors || answer.StatusCode is null or < 400 or > 499 or 408 or 425 or 429;
}
