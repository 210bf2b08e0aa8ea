using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.History;

/// <summary>Every attempt of the last 30 days, searchable.</summary>
public interface IHistory
{
    /// <summary>Writes rows; a row that is there already is not doubled, neither are its counts. The minutes of a tenant follow with <see cref="CountMinutesAsync"/>.</summary>
    Task WriteAsync(IReadOnlyList<HistoryRow> rows, CancellationToken cancellation);

    /// <summary>Executions, the newest due time first, without their attempts' outputs. <see cref="SearchTooBroadException"/> when there is too much to look at.</summary>
    Task<Page<HistoryExecution>> ListAsync(HistoryQuery query, CancellationToken cancellation);

    /// <summary>The attempts of many executions at once, in no order.</summary>
    Task<IReadOnlyList<HistoryRow>> FindAttemptsAsync(IReadOnlyCollection<Execution> executions, CancellationToken cancellation);

    /// <summary>One execution with all its attempts; null when history has none of it.</summary>
    Task<HistoryExecution?> FindAsync(JobKey job, string executionId, CancellationToken cancellation);

    /// <summary>What became of the occurrences of a tenant's schedules that were due from an instant (inclusive) to another (exclusive), counted from the attempts themselves.</summary>
    Task<HistoryCounts> CountScheduledAsync(string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);

    /// <summary>
    /// Executions by the minute of their due time, the first one first; a minute without any is left out. Of a job, or (null) of all of a tenant. From and to (exclusive) are
    /// taken down to whole minutes.
    /// </summary>
    Task<IReadOnlyList<HistoryMinute>> ReadMinutesAsync(string tenant, string? jobId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);

    /// <summary>
    /// Counts minutes anew whose attempts changed since they were counted, some of them: those first that were never counted or longest ago, and none that was counted at or after the
    /// instant. True when there are more of these.
    /// </summary>
    Task<bool> CountMinutesAsync(DateTimeOffset countedBefore, CancellationToken cancellation);

    /// <summary>Takes in a part of what an older version of CronCloud kept in another form, the newest first. True when there is more to take in at once.</summary>
    Task<bool> TakeInOlderAsync(CancellationToken cancellation);

    /// <summary>Forgets attempts of due times before the instant, the oldest first and at most so many; answers how many. 0 also where they go by themselves.</summary>
    Task<int> PruneAsync(DateTimeOffset before, int most, CancellationToken cancellation);
}

/// <summary>An execution and its attempts, by number; attempt 0 alone for one that was not started.</summary>
public sealed record HistoryExecution(IReadOnlyList<HistoryRow> Attempts)
{
    /// <summary>What the execution is judged by.</summary>
    public HistoryRow Last => Attempts[^1];

    /// <summary>Lateness of the first attempt that was not put off.</summary>
    public long LatenessMs => (Attempts.FirstOrDefault(a => a.Result != AttemptResult.PutOff) ?? Attempts[0]).LatenessMs;

    /// <summary>Whether a schedule made it: by its trigger, or, when it was redriven, by an id that names its due time alone.</summary>
    public bool IsScheduled => Attempts.Any(a => a.Trigger == Trigger.Schedule || (a.Trigger == Trigger.Redrive && a.ExecutionId.EndsWith('Z')));
}

public sealed record HistoryQuery
{
    public required string Tenant { get; init; }

    public string? JobId { get; init; }

    public ExecutionStatus? Status { get; init; }

    /// <summary>Due times from here, inclusive.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Due times before here.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>A part of an attempt's output or error, any case.</summary>
    public string? Text { get; init; }

    public int Limit { get; init; } = 50;

    /// <summary>Where the page before ended.</summary>
    public HistoryCursor? After { get; init; }
}
