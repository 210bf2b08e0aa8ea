using System.Diagnostics.Metrics;

namespace CronCloud.Engine.Telemetry;

/// <summary>The meter of the engine's instruments, and the bounds of its histograms' buckets. Every instrument has a row in docs/observability.md.</summary>
public static class EngineMeter
{
    public const string Name = "CronCloud.Engine";

    public static readonly Meter Meter = new(Name);

    /// <summary>Seconds. A quarter of a second and five seconds are what is promised: both are bounds, so that what is within them is counted and not guessed.</summary>
    internal static readonly InstrumentAdvice<double> Lateness = new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900] };

    /// <summary>Seconds, for what each tenant has a histogram of.</summary>
    internal static readonly InstrumentAdvice<double> CoarseLateness = new() { HistogramBucketBoundaries = [0.25, 1, 5, 60] };

    /// <summary>Seconds, up to the longest timeout of a target.</summary>
    internal static readonly InstrumentAdvice<double> Durations = new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] };

    /// <summary>Messages or rows that are handled together.</summary>
    internal static readonly InstrumentAdvice<long> Batches = new() { HistogramBucketBoundaries = [1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000] };
}
