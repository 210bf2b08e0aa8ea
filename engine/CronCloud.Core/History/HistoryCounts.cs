using CronCloud.Core.Executions;

namespace CronCloud.Core.History;

/// <summary>
/// What became of the occurrences of a tenant's schedules in a span of due times. What is left of <see cref="Occurrences"/> after those that have ended waits for a retry.
/// </summary>
public sealed record HistoryCounts
{
    /// <summary>Distinct executions. A range that was not started counts with all its occurrences, and where its first one was due.</summary>
    public long Occurrences { get; init; }

    /// <summary>Executions of which an attempt was made: neither put off nor dropped.</summary>
    public long Started { get; init; }

    public long Succeeded { get; init; }

    public long DeadLettered { get; init; }

    /// <summary>Occurrences.</summary>
    public long Skipped { get; init; }

    /// <summary>Occurrences.</summary>
    public long Missed { get; init; }

    /// <summary>Of the first attempts that were made, in milliseconds; 0 when none was.</summary>
    public long WorstLatenessMs { get; init; }

    public long P99LatenessMs { get; init; }

    /// <summary>Counts executions of one tenant, the scheduled ones only.</summary>
    public static HistoryCounts Of(IEnumerable<HistoryExecution> executions)
    {
        var tally = new ExecutionTally();
        foreach (var execution in executions.Where(e => e.IsScheduled))
            tally.Add(execution);
        return new HistoryCounts
        {
            Occurrences = tally.Occurrences,
            Started = tally.Started,
            Succeeded = tally.Of(ExecutionStatus.Succeeded),
            DeadLettered = tally.Of(ExecutionStatus.DeadLettered),
            Skipped = tally.Of(ExecutionStatus.Skipped),
            Missed = tally.Of(ExecutionStatus.Missed),
            WorstLatenessMs = tally.LatenessMs(1),
            P99LatenessMs = tally.LatenessMs(0.99),
        };
    }
}
