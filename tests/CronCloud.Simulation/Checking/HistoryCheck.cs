using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Scenarios;

namespace CronCloud.Simulation.Checking;

/// <summary>I9: history has what happened, attempt by attempt, and nothing else.</summary>
internal static class HistoryCheck
{
    /// <summary>Until an outcome is a row.</summary>
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(4);

    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        var rows = evidence.Servers.History.Rows.ToLookup(r => $"{r.Tenant}/{r.ExecutionId}");
        foreach (var execution in evidence.Executions)
        {
            foreach (var finding in Check(evidence, execution, [.. rows[execution.Key].OrderBy(r => r.Attempt)]))
                yield return finding;
        }

        foreach (var unseen in rows.Where(r => !evidence.ByKey[r.Key].Any()).SelectMany(r => r).Where(r => r.Result is not (AttemptResult.Skipped or AttemptResult.Missed or AttemptResult.PutOff)))
        {
            if (!evidence.Crashes.Contains($"{unseen.Tenant}/{unseen.ExecutionId}#{unseen.Attempt}"))
                yield return Finding.Now("I9", $"history has {Drops.KeyOf(unseen)}, which no target saw", Drops.KeyOf(unseen));
        }
    }

    private static IEnumerable<Finding> Check(Evidence evidence, SeenExecution execution, List<HistoryRow> rows)
    {
        var chain = evidence.ChainOf(execution);
        var by = Later(evidence.EndBy(execution), execution.Calls[^1].EndsAt) + Lag;
        rows.RemoveAll(r => evidence.Drops.Of(execution.Key, Math.Max(1, r.Attempt)) is { } drop && (r == drop || (r.Result == AttemptResult.PutOff && r.Attempt > chain.Attempts.Count && !evidence.IsFaultless)));
        if (!execution.IsOfOneVersion)
        {
            if ((rows.Count == 0 || rows[^1].Status is ExecutionStatus.Running or ExecutionStatus.Retrying) && !execution.Calls.Any(c => evidence.IsOutcomeLost(execution.Key, c.Execution.Attempt)))
                yield return new Finding("I9", $"history does not have the end of {execution.Key}", [execution.Key], by, evidence.IsYoung(execution.First.ScheduledAt));
            yield break;
        }

        // A worker that finds its message handed out too often gives up also an attempt whose outcome is known, where NATS forgot that outcome's id: its row says so then.
        // The same goes for one that puts off an attempt which another goes on with.
        var isSure = evidence.MadeAndPutOff(execution.Key) == 0;
        foreach (var row in rows.Where(r => isSure && r.Attempt <= chain.Attempts.Count && (evidence.IsFaultless || !evidence.Servers.Outcomes.PutOff.Contains($"{execution.Key}#{r.Attempt}")) && !evidence.Crashes.Contains($"{execution.Key}#{r.Attempt}")))
        {
            if (row.Status != chain.StatusAfter(row.Attempt) || row.Result != chain.Attempts[row.Attempt - 1].Answer.Result)
                yield return Finding.Now("I9", $"history says of {execution.Key} attempt {row.Attempt}: {row.Status} {row.Result}; it was {chain.StatusAfter(row.Attempt)} {chain.Attempts[row.Attempt - 1].Answer.Result}", execution.Key);
        }

        rows.RemoveAll(r => r.Attempt > chain.Attempts.Count && r.Attempt <= chain.Attempts.Count + evidence.MadeAndPutOff(execution.Key));
        var known = rows.Select(r => r.Attempt).Union(Enumerable.Range(1, chain.Attempts.Count).Where(attempt => evidence.IsOutcomeLost(execution.Key, attempt) || evidence.IsToldAsDropped(execution.Key, attempt) || chain.Attempts[attempt - 1] == Reply.NotStarted)).Order();
        if (!known.SequenceEqual(Enumerable.Range(1, chain.Attempts.Count)))
            yield return new Finding("I9", $"history has of {execution.Key} the attempts {string.Join(", ", rows.Select(r => r.Attempt))} of {chain.Attempts.Count}", [execution.Key], by, evidence.IsYoung(execution.First.ScheduledAt));
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
