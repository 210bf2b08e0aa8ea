using CronCloud.TestServers;

namespace CronCloud.LoadTests;

/// <summary>What the sink received, against what was expected.</summary>
internal sealed record Measured
{
    public required int Expected { get; init; }

    public required int Received { get; init; }

    public required int Missing { get; init; }

    /// <summary>Requests for an execution that had arrived before.</summary>
    public required int Duplicates { get; init; }

    public required int Early { get; init; }

    public required double LatenessP50Ms { get; init; }

    public required double LatenessP99Ms { get; init; }

    public required double LatenessMaxMs { get; init; }

    /// <summary>From the due time to the last start; for the herd.</summary>
    public double? ExecutionsPerSecond { get; init; }

    public double? CreatedPerSecond { get; init; }

    /// <summary>From FLUSHALL until the due index is whole; for the rebuild.</summary>
    public double? RebuiltInSeconds { get; init; }

    /// <summary>Lateness is arrival at the sink minus due time, exact (all values, sorted).</summary>
    public static Measured Of(IReadOnlyCollection<string> expected, IReadOnlyList<ReceivedWebhook> received) => Of(expected, [.. received.Select(w => (w.ExecutionId, w.Lateness))]);

    public static Measured Of(IReadOnlyCollection<string> expected, IReadOnlyList<(string ExecutionId, TimeSpan Lateness)> received)
    {
        var first = received.GroupBy(w => w.ExecutionId).ToDictionary(g => g.Key, g => g.Min(w => w.Lateness));
        var known = expected.Where(first.ContainsKey).ToList();
        var lateness = known.Select(id => first[id].TotalMilliseconds).Order().ToList();
        return new Measured
        {
            Expected = expected.Count,
            Received = known.Count,
            Missing = expected.Count - known.Count,
            Duplicates = received.Count - first.Count,
            Early = received.Count(w => w.Lateness < TimeSpan.Zero),
            LatenessP50Ms = Percentile.Of(lateness, 0.50),
            LatenessP99Ms = Percentile.Of(lateness, 0.99),
            LatenessMaxMs = Percentile.Of(lateness, 1),
        };
    }
}
