namespace CronCloud.LoadTests;

/// <summary>Percentiles by nearest rank, to a tenth.</summary>
internal static class Percentile
{
    /// <param name="sorted">Ascending; 0 is the answer when there is none.</param>
    /// <param name="share">Above 0, up to 1.</param>
    public static double Of(List<double> sorted, double share) => sorted.Count == 0 ? 0 : Math.Round(sorted[(int)Math.Ceiling(share * sorted.Count) - 1], 1);

    /// <summary>Median, 99th percentile and highest.</summary>
    public static double[] Spread(List<double> sorted) => [Of(sorted, 0.5), Of(sorted, 0.99), Of(sorted, 1)];
}
