using CronCloud.Core.History;

namespace CronCloud.Core.Ledger;

/// <summary>A tenant's occurrences of a span of time, an hour as a rule: what its schedules expected, compared with what history has.</summary>
public sealed record LedgerHour
{
    public required string Tenant { get; init; }

    public required DateTimeOffset From { get; init; }

    /// <summary>Due times before here.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>By the revisions of the tenant's jobs; with what a revision started that had just been replaced.</summary>
    public long Expected { get; init; }

    /// <summary>Of those expected, how many history has.</summary>
    public long Recorded { get; init; }

    /// <summary>How many went onto the execution queue.</summary>
    public long Dispatched { get; init; }

    /// <summary>How many have no outcome yet: the due index has them, in flight or waiting.</summary>
    public long Open { get; init; }

    /// <summary>Expected, and nowhere.</summary>
    public long Missing { get; init; }

    /// <summary>In history, and expected by no revision.</summary>
    public long Unexpected { get; init; }

    /// <summary>What became of those that history has, when it was last looked at.</summary>
    public HistoryCounts Counts { get; init; } = new();

    public DateTimeOffset LookedAt { get; init; }

    /// <summary>How often it was looked at; a difference is believed from the second time on.</summary>
    public int Looks { get; init; }

    /// <summary>When it was found to differ as it does; null when it agrees.</summary>
    public DateTimeOffset? DiffersSince { get; init; }

    /// <summary>The jobs that differ, the first hundred.</summary>
    public IReadOnlyList<LedgerJob> Jobs { get; init; } = [];

    /// <summary>Occurrences that do not agree: 0 is the proof that nothing was lost and nothing invented.</summary>
    public long Difference => Missing + Unexpected;

    /// <summary>Whether it agrees, and each occurrence has an outcome: then it need not be compared again.</summary>
    public bool Agrees => Difference + Open == 0;

    /// <summary>What is not over: it runs, waits, or is to be tried again.</summary>
    public long Running => Open + Counts.Occurrences - Counts.Succeeded - Counts.DeadLettered - Counts.Skipped - Counts.Missed;
}

/// <summary>A job whose occurrences do not agree.</summary>
public sealed record LedgerJob
{
    /// <summary>Due times that are told of a job.</summary>
    public const int MostTold = 10;

    public required string JobId { get; init; }

    public required DateTimeOffset From { get; init; }

    public required long Expected { get; init; }

    public required long Recorded { get; init; }

    public required long Missing { get; init; }

    public required long Unexpected { get; init; }

    /// <summary>The first due times that are nowhere.</summary>
    public IReadOnlyList<DateTimeOffset> FirstMissing { get; init; } = [];

    /// <summary>The first due times that no revision named.</summary>
    public IReadOnlyList<DateTimeOffset> FirstUnexpected { get; init; } = [];
}

/// <summary>The record of closed hours.</summary>
public interface ILedgerStore
{
    /// <summary>Writes an hour with the jobs that differ, in place of what was there of it.</summary>
    Task WriteAsync(LedgerHour hour, CancellationToken cancellation);

    /// <summary>A tenant's hours that began from the one instant on and before the other, in order.</summary>
    Task<IReadOnlyList<LedgerHour>> ReadAsync(string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);

    /// <summary>
    /// Hours of all tenants that began from the one instant on and may still change, dead letters being redriven, and those from the other instant on that differ or have occurrences
    /// without an outcome: these first, the newest first, without their jobs.
    /// </summary>
    Task<IReadOnlyList<LedgerHour>> ListUnsettledAsync(DateTimeOffset from, DateTimeOffset differingFrom, int limit, CancellationToken cancellation);

    /// <summary>Forgets hours that began before the instant.</summary>
    Task PruneAsync(DateTimeOffset before, CancellationToken cancellation);
}
