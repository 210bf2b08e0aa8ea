using System.Globalization;

namespace CronCloud.LoadTests.Metrics;

/// <summary>A histogram's buckets: how many measurements are at most so much, upper bounds ascending.</summary>
internal sealed record Buckets(IReadOnlyList<(double Bound, double Count)> Counts)
{
    /// <summary>What was measured between two scrapes.</summary>
    public static Buckets Between(ScrapeOfAll before, ScrapeOfAll now, string name, (string, string) label)
    {
        var bounds = now.Scrapes.SelectMany(scrape => scrape.Samples).Where(sample => sample.Name == name).Select(sample => sample.Labels["le"]).Distinct();
        return new Buckets([.. bounds.Select(le => (Bound(le), (now.Sum(name, label, ("le", le)) ?? 0) - (before.Sum(name, label, ("le", le)) ?? 0))).OrderBy(bucket => bucket.Item1)]);
    }

    /// <summary>As Prometheus estimates it: within a bucket all values are equally likely. Null when nothing was measured.</summary>
    public double? Quantile(double share)
    {
        if (Counts.Count == 0 || Counts[^1].Count <= 0)
            return null;
        var rank = share * Counts[^1].Count;
        var (bound, count) = Counts.First(bucket => bucket.Count >= rank);
        var (lower, below) = Counts.LastOrDefault(bucket => bucket.Bound < bound);
        return double.IsPositiveInfinity(bound) ? lower : count == below ? bound : lower + ((bound - lower) * (rank - below) / (count - below));
    }

    private static double Bound(string le) => le == "+Inf" ? double.PositiveInfinity : double.Parse(le, CultureInfo.InvariantCulture);
}
