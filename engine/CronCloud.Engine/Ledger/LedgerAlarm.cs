using System.Diagnostics.Metrics;
using CronCloud.Core.Ledger;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Ledger;

/// <summary>Tells operators when the ledger does not agree. In sound health it never does anything.</summary>
public sealed partial class LedgerAlarm : IDisposable
{
    /// <summary>So many looks make a difference believed: the first may come while an outcome is on its way.</summary>
    public const int Looks = 2;

    /// <summary>So long a difference counts that stays as it is: then it was told, and nothing is to be done any more.</summary>
    private static readonly TimeSpan Counts = TimeSpan.FromHours(24);

    private readonly Meter _meter = new("CronCloud.Engine");
    private readonly TimeProvider _time;
    private readonly ILogger<LedgerAlarm> _logger;
    private long _difference;
    private long _openSince = long.MaxValue;

    public LedgerAlarm(TimeProvider time, ILogger<LedgerAlarm> logger)
    {
        (_time, _logger) = (time, logger);
        _meter.CreateObservableGauge("croncloud.ledger.difference", () => Difference, "{occurrence}", "Occurrences that schedules and history do not agree about, for a day since that was found, in the ledgers that this node keeps");
        _meter.CreateObservableGauge("croncloud.ledger.age", () => Age.TotalSeconds, "s", "Since the end of the oldest hour that is not closed, in the ledgers that this node keeps");
    }

    /// <summary>Of this ledger alone.</summary>
    internal Meter Meter => _meter;

    /// <summary>Since the end of the oldest hour that is not closed; zero when there is none that has ended.</summary>
    public TimeSpan Age => Interlocked.Read(ref _openSince) is var end && end < _time.GetUtcNow().UtcTicks ? TimeSpan.FromTicks(_time.GetUtcNow().UtcTicks - end) : TimeSpan.Zero;

    /// <summary>Occurrences that do not agree, in what this node keeps.</summary>
    public long Difference => Interlocked.Read(ref _difference);

    /// <param name="unsettled">The hours that differ, or may change.</param>
    /// <param name="openSince">When the oldest hour ended that is not closed; null when no ledger is kept here.</param>
    public void Report(IEnumerable<LedgerHour> unsettled, DateTimeOffset? openSince)
    {
        var since = _time.GetUtcNow() - Counts;
        Interlocked.Exchange(ref _difference, unsettled.Where(hour => IsBelieved(hour) && hour.DiffersSince > since).Sum(hour => hour.Difference));
        Interlocked.Exchange(ref _openSince, openSince?.UtcTicks ?? long.MaxValue);
    }

    /// <summary>An hour was compared again: a difference is said once, and again when it is another one or gone.</summary>
    public void Report(LedgerHour hour, LedgerHour? before)
    {
        var said = before is not null && IsBelieved(before) ? (before.Missing, before.Unexpected) : (0, 0);
        if (!IsBelieved(hour) || said == (hour.Missing, hour.Unexpected))
            return;
        if (hour.Difference > 0)
            LogDifference(hour.Tenant, hour.From, hour.Expected, hour.Missing, hour.Unexpected, string.Join(", ", hour.Jobs.Take(LedgerJob.MostTold).Select(job => job.JobId)));
        else
            LogSettled(hour.Tenant, hour.From);
    }

    public void ReportUnreadable(string tenant, IReadOnlyCollection<string> jobs)
    {
        if (jobs.Count > 0)
            LogUnreadable(tenant, string.Join(", ", jobs.Take(LedgerJob.MostTold)), jobs.Count);
    }

    public void Dispose() => _meter.Dispose();

    private static bool IsBelieved(LedgerHour hour) => hour.Looks >= Looks;

    [LoggerMessage(EventId = 1900, EventName = "LedgerDifference", Level = LogLevel.Error, Message = "The ledger of tenant {Tenant} does not agree for the hour from {Hour:u}: of {Expected} occurrences {Missing} are missing, and {Unexpected} more were not expected; jobs: {Jobs}")]
    private partial void LogDifference(string tenant, DateTimeOffset hour, long expected, long missing, long unexpected, string jobs);

    [LoggerMessage(EventId = 1901, EventName = "LedgerSettled", Level = LogLevel.Information, Message = "The ledger of tenant {Tenant} agrees by now for the hour from {Hour:u}")]
    private partial void LogSettled(string tenant, DateTimeOffset hour);

    [LoggerMessage(EventId = 1902, EventName = "LedgerUnreadable", Level = LogLevel.Warning, Message = "The ledger of tenant {Tenant} passes over {Count} jobs whose revisions cannot be read: {Jobs}")]
    private partial void LogUnreadable(string tenant, string jobs, int count);
}
