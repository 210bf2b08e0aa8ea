namespace CronCloud.Simulation.Checking;

/// <summary>I7: attempts follow the policy: as many as the answers call for, one after the other, and none before its pause is over.</summary>
internal static class RetryCheck
{
    /// <summary>Starts and lengths are kept to the millisecond.</summary>
    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(3);

    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        foreach (var execution in evidence.Executions.Where(e => e.IsOfOneVersion))
        {
            var chain = evidence.ChainOf(execution);
            foreach (var attempt in execution.Calls.GroupBy(c => c.Execution.Attempt))
            {
                if (attempt.Key > chain.Attempts.Count && attempt.Key <= chain.Attempts.Count + evidence.MadeAndPutOff(execution.Key))
                    continue;
                if (attempt.Key < 1 || attempt.Key > chain.Attempts.Count)
                    yield return Finding.Now("I7", $"{execution.Key} has an attempt {attempt.Key} of {chain.Attempts.Count}", execution.Key);
                else if (attempt.Key > 1 && Fault(evidence, execution, chain, attempt.Key, attempt.Min(c => c.At)) is { } fault)
                    yield return Finding.Now("I7", $"{execution.Key} attempt {attempt.Key} {fault}", execution.Key);
            }
        }
    }

    private static string? Fault(Evidence evidence, SeenExecution execution, AttemptChain chain, int attempt, DateTimeOffset at)
    {
        // Where a fault had one worker make the attempt before it and another put it off, either may be what this one follows.
        if (!chain.Attempts[attempt - 2].IsMade || (!evidence.IsFaultless && evidence.Servers.Outcomes.PutOff.Contains($"{execution.Key}#{attempt - 1}")))
            return null;
        var before = execution.Calls.Where(c => c.Execution.Attempt == attempt - 1).ToList();
        if (before.Count == 0)
            return evidence.Crashes.Contains($"{execution.Key}#{attempt - 1}") ? null : "came without the one before it";
        var earliest = before.Min(c => c.EndsAt) + chain.ShortestPause(execution.First.Retry, attempt) - Rounding - (evidence.Skew * 2);
        return at < earliest && !chain.Attempts[attempt - 2].Kills ? $"came {(earliest - at).TotalMilliseconds:0} ms before its pause was over" : null;
    }
}
