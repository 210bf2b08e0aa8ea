using CronCloud.LoadSink;
using CronCloud.LoadTests.Contenders;

namespace CronCloud.LoadTests;

/// <summary>When executions arrived at the sink, against when they were due: exact, all values sorted.</summary>
/// <param name="Duplicates">Arrivals of an execution that had arrived before.</param>
internal sealed record Lateness(int Expected, int Received, int Missing, int Duplicates, int Early, double P50Ms, double P99Ms, double MaxMs)
{
    public static Lateness Of(int expected, IReadOnlyList<Arrival> arrivals, Func<Arrival, long> lateUs)
    {
        var sorted = arrivals.GroupBy(arrival => (arrival.Job, arrival.DueUs)).Select(execution => execution.Min(lateUs) / 1_000.0).Order().ToList();
        return new Lateness(expected, sorted.Count, Math.Max(0, expected - sorted.Count), arrivals.Count - sorted.Count, sorted.Count(ms => ms < 0), Percentile.Of(sorted, 0.5), Percentile.Of(sorted, 0.99), Percentile.Of(sorted, 1));
    }
}

/// <param name="PerSecond">The herd: jobs by the time from the due instant to the last start. The steady load: executions by the seconds of the load.</param>
/// <param name="MadePerSecond">Jobs made, one maker.</param>
internal sealed record TurnMeasured(double PerSecond, double MadePerSecond, Lateness Lateness);

internal sealed record Turn(int Round, string Contender, TurnMeasured Measured);

/// <summary>All turns, the median of each contender, and how CronCloud stands to each peer.</summary>
internal sealed record PeersMeasured(IReadOnlyList<Turn> Turns, IReadOnlyList<ContenderMeasured> Contenders)
{
    public static PeersMeasured Of(IReadOnlyList<Contender> contenders, IReadOnlyList<Turn> turns)
    {
        double Median(string contender, Func<TurnMeasured, double> value)
        {
            var sorted = turns.Where(turn => turn.Contender == contender).Select(turn => value(turn.Measured)).Order().ToList();
            return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
        }

        var (perSecond, p99) = (Median(Contender.CronCloud, turn => turn.PerSecond), Median(Contender.CronCloud, turn => turn.Lateness.P99Ms));
        return new PeersMeasured(turns, [.. contenders.Select(contender => ContenderMeasured.Of(contender, value => Median(contender.Name, value), perSecond, p99))]);
    }
}

/// <param name="CronCloudRate">CronCloud's executions a second by this one's: above 1, CronCloud is faster.</param>
/// <param name="CronCloudP99">CronCloud's p99 of lateness by this one's: below 1, CronCloud is earlier.</param>
internal sealed record ContenderMeasured(string Contender, string Settings, double PerSecond, double MadePerSecond, double P50Ms, double P99Ms, double MaxMs, double CronCloudRate, double CronCloudP99)
{
    public static ContenderMeasured Of(Contender contender, Func<Func<TurnMeasured, double>, double> median, double cronCloudPerSecond, double cronCloudP99)
    {
        var (perSecond, p99) = (median(turn => turn.PerSecond), median(turn => turn.Lateness.P99Ms));
        return new ContenderMeasured(
            contender.Name,
            contender.Settings,
            perSecond,
            median(turn => turn.MadePerSecond),
            median(turn => turn.Lateness.P50Ms),
            p99,
            median(turn => turn.Lateness.MaxMs),
            Ratio(cronCloudPerSecond, perSecond),
            Ratio(cronCloudP99, p99));
    }

    private static double Ratio(double one, double other) => other == 0 ? 0 : Math.Round(one / other, 3);
}
