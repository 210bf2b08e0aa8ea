namespace CronCloud.Core.History;

/// <summary>Percentiles by nearest rank: the smallest value that at least such a share of all values does not exceed.</summary>
internal static class NearestRank
{
    /// <param name="sorted">Ascending; 0 is the answer when there is none.</param>
    /// <param name="share">Above 0, up to 1.</param>
    public static long Of(IReadOnlyList<long> sorted, double share) => sorted.Count == 0 ? 0 : sorted[(int)Math.Ceiling(sorted.Count * share) - 1];
}
