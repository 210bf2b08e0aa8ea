using CronCloud.Core.Schedules;

namespace CronCloud.Core.Ledger;

/// <summary>What history has of the occurrences that schedules named. Attempts of one occurrence count once, however often they were written.</summary>
public interface ILedgerHistory
{
    /// <summary>Whether history has all that was ever written into it; false while attempts that an older version kept are being taken in.</summary>
    Task<bool> IsWholeAsync(CancellationToken cancellation);

    /// <summary>Per job, of due times from the one instant on and before the other. Jobs without any are left out.</summary>
    Task<IReadOnlyList<RecordedJob>> CountByJobAsync(string tenant, JobRange jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);

    /// <summary>The due times themselves, each once.</summary>
    Task<IReadOnlyList<RecordedDue>> ListDueAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);

    /// <summary>Rows that stand for several occurrences, of which at least one may be due from the one instant on and before the other.</summary>
    Task<IReadOnlyList<RecordedDue>> ListRangesAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);
}

/// <summary>Jobs whose ids are after the one and up to the other, byte by byte; null is no bound.</summary>
public sealed record JobRange(string? After, string? UpTo);

/// <param name="JobId">The job.</param>
/// <param name="Due">Its due times that history knows.</param>
/// <param name="Dispatched">How many of them went onto the execution queue.</param>
public sealed record RecordedJob(string JobId, DueTally Due, long Dispatched);

/// <param name="JobId">The job.</param>
/// <param name="First">A due time, or the first of a range.</param>
/// <param name="Last">The last of the range; the due time itself where there is none.</param>
public sealed record RecordedDue(string JobId, DateTimeOffset First, DateTimeOffset Last);
