using CronCloud.Core.Executions;

namespace CronCloud.Core.History;

/// <summary>The executions that were due in a minute. Percentiles are by nearest rank, in milliseconds, and 0 when no attempt was made.</summary>
public sealed record HistoryMinute
{
    public required DateTimeOffset Minute { get; init; }

    /// <summary>Executions; a range that was not started counts with all its occurrences, and where its first one was due.</summary>
    public long Occurrences { get; init; }

    /// <summary>Executions of which an attempt was made.</summary>
    public long Started { get; init; }

    public long Succeeded { get; init; }

    public long Retrying { get; init; }

    public long DeadLettered { get; init; }

    /// <summary>Occurrences.</summary>
    public long Skipped { get; init; }

    /// <summary>Occurrences.</summary>
    public long Missed { get; init; }

    /// <summary>Attempts that were made: neither put off nor dropped.</summary>
    public long Attempts { get; init; }

    public long FailedAttempts { get; init; }

    /// <summary>Of the first attempt made of each execution.</summary>
    public long LatenessP50Ms { get; init; }

    public long LatenessP99Ms { get; init; }

    public long LatenessMaxMs { get; init; }

    /// <summary>Of every attempt made.</summary>
    public long DurationP50Ms { get; init; }

    public long DurationP99Ms { get; init; }

    public long DurationMaxMs { get; init; }

    /// <summary>The executions of some minutes, by minute.</summary>
    public static IReadOnlyList<HistoryMinute> Of(IEnumerable<HistoryExecution> executions)
    {
        var minutes = new SortedDictionary<DateTimeOffset, ExecutionTally>();
        foreach (var execution in executions)
        {
            var minute = WholeMinute(execution.Last.ScheduledAt);
            if (!minutes.TryGetValue(minute, out var tally))
                minutes.Add(minute, tally = new ExecutionTally());
            tally.Add(execution);
        }

        return [.. minutes.Select(m => Of(m.Key, m.Value))];
    }

    public static DateTimeOffset WholeMinute(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMinute));
    }

    private static HistoryMinute Of(DateTimeOffset minute, ExecutionTally tally) => new()
    {
        Minute = minute,
        Occurrences = tally.Occurrences,
        Started = tally.Started,
        Succeeded = tally.Of(ExecutionStatus.Succeeded),
        Retrying = tally.Of(ExecutionStatus.Retrying),
        DeadLettered = tally.Of(ExecutionStatus.DeadLettered),
        Skipped = tally.Of(ExecutionStatus.Skipped),
        Missed = tally.Of(ExecutionStatus.Missed),
        Attempts = tally.Attempts,
        FailedAttempts = tally.FailedAttempts,
        LatenessP50Ms = tally.LatenessMs(0.5),
        LatenessP99Ms = tally.LatenessMs(0.99),
        LatenessMaxMs = tally.LatenessMs(1),
        DurationP50Ms = tally.DurationMs(0.5),
        DurationP99Ms = tally.DurationMs(0.99),
        DurationMaxMs = tally.DurationMs(1),
    };
}
