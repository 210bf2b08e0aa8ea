using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Simulation.Scenarios;

namespace CronCloud.Simulation.Checking;

/// <summary>
/// Which attempts an execution must have, by the target's script, the job's retry policy and the redrives that the record knows, and how it must end. The
/// checker's own arithmetic. From the product it only takes that an attempt was given up or dropped; whether it had to be is checked elsewhere.
/// </summary>
internal sealed record AttemptChain(IReadOnlyList<Reply> Attempts, ExecutionStatus Ends, IReadOnlySet<int> Rounds)
{
    public static AttemptChain Of(Evidence evidence, Execution first)
    {
        var (attempts, rounds) = (new List<Reply>(), new SortedSet<int> { 1 });
        while (true)
        {
            var attempt = attempts.Count + 1;
            var id = $"{first.EntryKey}#{attempt}";
            if (evidence.Drops.Of(first.EntryKey, attempt) is not null && !evidence.WasTried(first.EntryKey, attempt) && !evidence.Crashes.Contains(id))
                return new AttemptChain(attempts, ExecutionStatus.Skipped, rounds);
            var isRedriven = evidence.Servers.DeadLetters.Redriven.ContainsKey(id);
            attempts.Add(evidence.Crashes.Contains(id) && (isRedriven || !(evidence.WasTried(first.EntryKey, attempt + 1) || evidence.Crashes.Contains($"{first.EntryKey}#{attempt + 1}"))) ? Reply.Crash : TargetScript.Of(evidence.Seed, first.Target, first.ExecutionId, attempt));
            var reply = attempts[^1];
            if (reply.Answer.Result == AttemptResult.Succeeded)
                return new AttemptChain(attempts, ExecutionStatus.Succeeded, rounds);
            if (!reply.Kills && attempt - rounds.Max < first.Retry.MaxRetries && MayRetry(first.Retry, reply.Answer))
                continue;
            if (!isRedriven)
                return new AttemptChain(attempts, ExecutionStatus.DeadLettered, rounds);
            rounds.Add(attempt + 1);
        }
    }

    /// <summary>Where the execution stands after an attempt.</summary>
    public ExecutionStatus StatusAfter(int attempt) => attempt == Attempts.Count && Ends != ExecutionStatus.Skipped ? Ends : Rounds.Contains(attempt + 1) ? ExecutionStatus.DeadLettered : ExecutionStatus.Retrying;

    /// <summary>The shortest pause before an attempt that the policy allows.</summary>
    public TimeSpan ShortestPause(RetryPolicy policy, int attempt)
    {
        if (Rounds.Contains(attempt))
            return TimeSpan.Zero;
        var pause = Pause(policy, attempt - 1) * (policy.Jitter ? 0.75 : 1);
        return Attempts[attempt - 2].Answer.RetryAfter is { } asked && asked > pause ? asked : pause;
    }

    /// <summary>How long the whole chain takes at most when nothing goes wrong, redrives aside.</summary>
    public TimeSpan Length(RetryPolicy policy)
    {
        var length = TimeSpan.Zero;
        for (var i = 0; i < Attempts.Count; i++)
            length += Attempts[i].Duration + (i > 0 && !Rounds.Contains(i + 1) ? Longer(Pause(policy, i), Attempts[i - 1].Answer.RetryAfter) : TimeSpan.Zero);
        return length;
    }

    /// <summary>The pause after a failed attempt; each round begins with the shortest.</summary>
    private TimeSpan Pause(RetryPolicy policy, int attempt)
    {
        var pause = policy.InitialDelay;
        for (var i = Rounds.Where(r => r <= attempt).Max(); i < attempt; i++)
            pause *= policy.Multiplier;
        return pause < policy.MaxDelay ? pause : policy.MaxDelay;
    }

    private static TimeSpan Longer(TimeSpan pause, TimeSpan? asked) => asked > pause ? asked.Value : pause;

    private static bool MayRetry(RetryPolicy policy, Answer answer) => policy.ClientErrors || answer.StatusCode is null or < 400 or > 499 or 408 or 425 or 429;
}
