using CronCloud.LoadSink;

namespace CronCloud.LoadTests;

/// <summary>What arrived of what was due in the time that was measured, and what it cost.</summary>
internal sealed record SteadyRateMeasured
{
    public required int Expected { get; init; }

    public required int Missing { get; init; }

    public required int Duplicates { get; init; }

    public required int Early { get; init; }

    public required double LatenessP50Ms { get; init; }

    public required double LatenessP99Ms { get; init; }

    public required double LatenessMaxMs { get; init; }

    /// <summary>Median, 99th percentile and highest lateness of each third of the time: a backlog that grows shows in the last, a disturbance in the second.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> LatenessMsOfThirds { get; init; }

    /// <summary>After ClickHouse was away, until history had no more to read than usual; null when it was not away, or that was not seen.</summary>
    public double? CaughtUpSeconds { get; init; }

    /// <summary>Microseconds of processor time per execution, by part; null where a process was killed meanwhile, with what it had used.</summary>
    public required IReadOnlyDictionary<string, double>? CpuMicroseconds { get; init; }

    public required double? Cores { get; init; }

    public static SteadyRateMeasured Of(int expected, IReadOnlyCollection<Arrival> arrivals, double seconds, IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after)
    {
        var first = arrivals.GroupBy(a => (a.Job, a.DueUs)).Select(same => same.MinBy(a => a.AtUs)).ToList();
        var lateness = first.Select(a => a.LatenessMs).Order().ToList();
        var byDue = first.OrderBy(a => a.DueUs).Select(a => a.LatenessMs).ToList();
        return new SteadyRateMeasured
        {
            Expected = expected,
            Missing = expected - first.Count,
            Duplicates = arrivals.Count - first.Count,
            Early = arrivals.Count(a => a.LatenessMs < 0),
            LatenessP50Ms = Percentile.Of(lateness, 0.5),
            LatenessP99Ms = Percentile.Of(lateness, 0.99),
            LatenessMaxMs = Percentile.Of(lateness, 1),
            LatenessMsOfThirds = [.. byDue.Chunk(Math.Max(1, (byDue.Count + 2) / 3)).Select(third => Percentile.Spread([.. third.Order()]))],
            CpuMicroseconds = before.ToDictionary(part => part.Key, part => Math.Round((after[part.Key] - part.Value) * 1e6 / expected, 1)),
            Cores = Math.Round(before.Sum(part => after[part.Key] - part.Value) / seconds, 2),
        };
    }
}
