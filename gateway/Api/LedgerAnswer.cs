using System.Globalization;
using System.Text.Json.Serialization;
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

    /// <summary>Of the hour in which it was worst: the hours' quantiles cannot be made one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? P99LatenessMs { get; init; }

    /// <summary>The jobs that differ, at most a hundred.</summary>
    public required IReadOnlyList<LedgerJobAnswer> Jobs { get; init; }

    public static LedgerAnswer Of(LedgerDay day)
    {
        long Sum(Func<LedgerHour, long> of) => day.Hours.Sum(of);
        var started = Sum(hour => hour.Counts.Started);
        return new LedgerAnswer
        {
            Day = day.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            From = day.From,
            To = day.To,
            ClosedTo = day.ClosedTo,
            Expected = Sum(hour => hour.Expected),
            Dispatched = Sum(hour => Math.Max(hour.Dispatched, hour.Counts.Started)),
            Started = started,
            Succeeded = Sum(hour => hour.Counts.Succeeded),
            DeadLettered = Sum(hour => hour.Counts.DeadLettered),
            Skipped = Sum(hour => hour.Counts.Skipped),
            Missed = Sum(hour => hour.Counts.Missed),
            Running = Sum(hour => hour.Running),
            Difference = Sum(hour => hour.Difference),
            Missing = Sum(hour => hour.Missing),
            Unexpected = Sum(hour => hour.Unexpected),
            WorstLatenessMs = started > 0 ? day.Hours.Max(hour => hour.Counts.WorstLatenessMs) : null,
            P99LatenessMs = started > 0 ? day.Hours.Max(hour => hour.Counts.P99LatenessMs) : null,
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
