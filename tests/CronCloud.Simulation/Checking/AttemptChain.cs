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
        var (attempts, rounds, putOffs) = (new List<Reply>(), new SortedSet<int> { 1 }, 0);
        while (true)
        {
            var attempt = attempts.Count + 1;
            var id = $"{first.EntryKey}#{attempt}";
            var beginsRedrive = rounds.Max > 1 && attempt - rounds.Max - putOffs == 0;
            if (evidence.Drops.Of(first.EntryKey, attempt) is not null && !(beginsRedrive ? evidence.WasCalled(first.EntryKey, attempt) : evidence.WasTried(first.EntryKey, attempt)) && !evidence.Crashes.Contains(id))
            {
                if (!beginsRedrive)
                    return new AttemptChain(attempts, ExecutionStatus.Skipped, rounds);
                attempts.Add(Reply.NotStarted);
                if (!evidence.Servers.DeadLetters.Redriven.ContainsKey(id))
                    return new AttemptChain(attempts, ExecutionStatus.DeadLettered, rounds);
                (_, putOffs) = (rounds.Add(attempt + 1), 0);
                continue;
            }

            if (evidence.IsPutOff(first.EntryKey, attempt))
            {
                attempts.Add(Reply.PutOff);
                putOffs++;
                continue;
            }

            var isRedriven = evidence.Servers.DeadLetters.Redriven.ContainsKey(id);
            attempts.Add(evidence.Crashes.Contains(id) && (isRedriven || !GoesOn(evidence, first.EntryKey, attempt)) ? Reply.Crash : TargetScript.Of(evidence.Seed, first.Target, first.ExecutionId, attempt));
            var reply = attempts[^1];
            if (reply.Answer.Result == AttemptResult.Succeeded)
                return new AttemptChain(attempts, ExecutionStatus.Succeeded, rounds);
            if (!reply.Kills && attempt - rounds.Max - putOffs < first.Retry.MaxRetries && MayRetry(first.Retry, reply.Answer))
                continue;
            if (!isRedriven)
                return new AttemptChain(attempts, ExecutionStatus.DeadLettered, rounds);
            (_, putOffs) = (rounds.Add(attempt + 1), 0);
        }
    }

    /// <summary>How many attempts its dead letter tells: those that were made, the last twelve.</summary>
    public int Told => Math.Min(12, Attempts.Count(a => a.IsMade));

    /// <summary>Where the execution stands after an attempt.</summary>
    public ExecutionStatus StatusAfter(int attempt) => attempt == Attempts.Count && Ends != ExecutionStatus.Skipped ? Ends : Rounds.Contains(attempt + 1) ? ExecutionStatus.DeadLettered : ExecutionStatus.Retrying;

    /// <summary>The shortest pause before an attempt that the policy allows.</summary>
    public TimeSpan ShortestPause(RetryPolicy policy, int attempt)
    {
        if (Rounds.Contains(attempt))
            return TimeSpan.Zero;
        if (Attempts[attempt - 2] == Reply.PutOff)
            return ShortestPutOff;
        var pause = Pause(policy, attempt - 1) * (policy.Jitter ? 0.75 : 1);
        return Attempts[attempt - 2].Answer.RetryAfter is { } asked && asked > pause ? asked : pause;
    }

    /// <summary>How long the whole chain takes at most when nothing goes wrong, redrives aside.</summary>
    public TimeSpan Length(RetryPolicy policy)
    {
        var length = TimeSpan.Zero;
        for (var i = 0; i < Attempts.Count; i++)
            length += Attempts[i].Duration + (i > 0 && !Rounds.Contains(i + 1) ? PauseAfter(policy, i) : TimeSpan.Zero);
        return length;
    }

    /// <summary>How long a suspect is put off at most.</summary>
    public static readonly TimeSpan LongestPutOff = TimeSpan.FromSeconds(1.5 * (0.25 + (40 * 0.05)));

    private static readonly TimeSpan ShortestPutOff = TimeSpan.FromSeconds(0.5 * (0.25 + 0.05));

    private TimeSpan PauseAfter(RetryPolicy policy, int attempt) =>
        Attempts[attempt - 1] == Reply.PutOff ? LongestPutOff : Longer(Pause(policy, attempt), Attempts[attempt - 1].Answer.RetryAfter);

    /// <summary>How often it was put off in its round before that attempt.</summary>
    private int PutOffsBefore(int attempt) => Enumerable.Range(RoundOf(attempt), attempt - RoundOf(attempt)).Count(a => Attempts[a - 1] == Reply.PutOff);

    private int RoundOf(int attempt) => Rounds.Where(r => r <= attempt).Max();

    /// <summary>The pause after a failed attempt; each round begins with the shortest.</summary>
    private TimeSpan Pause(RetryPolicy policy, int attempt)
    {
        var pause = policy.InitialDelay;
        for (var i = RoundOf(attempt) + PutOffsBefore(attempt); i < attempt; i++)
            pause *= policy.Multiplier;
        return pause < policy.MaxDelay ? pause : policy.MaxDelay;
    }

    /// <summary>An attempt that was given up may have told its own outcome before or after, and then the execution goes on.</summary>
    private static bool GoesOn(Evidence evidence, string execution, int attempt) =>
        evidence.WasTried(execution, attempt + 1) || evidence.Crashes.Contains($"{execution}#{attempt + 1}") || evidence.Drops.Of(execution, attempt + 1) is not null;

    private static TimeSpan Longer(TimeSpan pause, TimeSpan? asked) => asked > pause ? asked.Value : pause;

    private static bool MayRetry(RetryPolicy policy, Answer answer) => policy.ClientErrors || answer.StatusCode is null or < 400 or > 499 or 408 or 425 or 429;
}
