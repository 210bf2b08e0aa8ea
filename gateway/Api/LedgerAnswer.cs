using System.Globalization;
using System.Text.Json.Serialization;
using CronCloud.Core.History;
using CronCloud.Core.Ledger;
using CronCloud.Engine.Ledger;

namespace CronCloud.Gateway.Api;

/// <summary>A day's ledger as the API shows it: of due times from the one instant on and before the other.</summary>
internal sealed record LedgerAnswer
{
    private const int MostJobs = 100;

    public required string Day { get; init; }

    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    /// <summary>Up to here the hours are closed; what was due since is told as of now, while outcomes may be on their way.</summary>
    public required DateTimeOffset ClosedTo { get; init; }

    public required long Expected { get; init; }

    public required long Dispatched { get; init; }

    public required long Started { get; init; }

    public required long Succeeded { get; init; }

    public required long DeadLettered { get; init; }

    public required long Skipped { get; init; }

    public required long Missed { get; init; }

    /// <summary>What is not over: it runs, waits, or is to be tried again.</summary>
    public required long Running { get; init; }

    /// <summary>Occurrences that schedules and history do not agree about: those missing and those unexpected. 0 is the proof.</summary>
    public required long Difference { get; init; }

    /// <summary>Expected, and nowhere.</summary>
    public required long Missing { get; init; }

    /// <summary>In history, and named by no schedule.</summary>
    public required long Unexpected { get; init; }

    /// <summary>Start of the first attempt minus due time; null when none was started.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? WorstLatenessMs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? P99LatenessMs { get; init; }

    /// <summary>The jobs that differ, at most a hundred.</summary>
    public required IReadOnlyList<LedgerJobAnswer> Jobs { get; init; }

    public static LedgerAnswer Of(LedgerDay day, HistoryCounts counts)
    {
        var open = day.Hours.Sum(hour => hour.Open);
        return new LedgerAnswer
        {
            Day = day.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            From = day.From,
            To = day.To,
            ClosedTo = day.ClosedTo,
            Expected = day.Hours.Sum(hour => hour.Expected),
            Dispatched = Math.Max(day.Hours.Sum(hour => hour.Dispatched), counts.Started),
            Started = counts.Started,
            Succeeded = counts.Succeeded,
            DeadLettered = counts.DeadLettered,
            Skipped = counts.Skipped,
            Missed = counts.Missed,
            Running = counts.Occurrences - counts.Succeeded - counts.DeadLettered - counts.Skipped - counts.Missed + open,
            Difference = day.Hours.Sum(hour => hour.Difference),
            Missing = day.Hours.Sum(hour => hour.Missing),
            Unexpected = day.Hours.Sum(hour => hour.Unexpected),
            WorstLatenessMs = counts.Started > 0 ? counts.WorstLatenessMs : null,
            P99LatenessMs = counts.Started > 0 ? counts.P99LatenessMs : null,
            Jobs = [.. day.Hours.SelectMany(hour => hour.Jobs).GroupBy(job => job.JobId).Take(MostJobs).Select(LedgerJobAnswer.Of)],
        };
    }
}

/// <summary>A job whose occurrences do not agree, over all hours in which they do not.</summary>
internal sealed record LedgerJobAnswer(string JobId, long Expected, long Recorded, long Missing, long Unexpected, IReadOnlyList<DateTimeOffset> FirstMissing, IReadOnlyList<DateTimeOffset> FirstUnexpected)
{
    public static LedgerJobAnswer Of(IGrouping<string, LedgerJob> hours) => new(
        hours.Key,
        hours.Sum(job => job.Expected),
        hours.Sum(job => job.Recorded),
        hours.Sum(job => job.Missing),
        hours.Sum(job => job.Unexpected),
        [.. hours.SelectMany(job => job.FirstMissing).Take(LedgerJob.MostTold)],
        [.. hours.SelectMany(job => job.FirstUnexpected).Take(LedgerJob.MostTold)]);
}
