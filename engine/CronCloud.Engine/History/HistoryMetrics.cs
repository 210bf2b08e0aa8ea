using System.Diagnostics.Metrics;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.History;

/// <summary>The recorder's traffic, errors and latency.</summary>
internal static class HistoryMetrics
{
    private static readonly Counter<long> Rows = EngineMeter.Meter.CreateCounter<long>("croncloud.history.rows", "{row}", "Rows that history took");
    private static readonly Histogram<long> Batches = EngineMeter.Meter.CreateHistogram("croncloud.history.batch", "{row}", "Rows written together", tags: null, EngineMeter.Batches);
    private static readonly Histogram<double> Writes = EngineMeter.Meter.CreateHistogram("croncloud.history.write.duration", "s", "How long a write of a batch took, by result", tags: null, EngineMeter.Durations);
    private static readonly Histogram<double> Delays = EngineMeter.Meter.CreateHistogram("croncloud.history.delay", "s", "From the end of an attempt until history has it", tags: null, EngineMeter.Lateness);

    private static readonly KeyValuePair<string, object?> Done = Tag.Of("result", "written");
    private static readonly KeyValuePair<string, object?> Broken = Tag.Of("result", "failed");

    public static void Begin() => Rows.Add(0);

    public static void Wrote(int rows, TimeSpan took)
    {
        Rows.Add(rows);
        Batches.Record(rows);
        Writes.Record(took.TotalSeconds, Done);
    }

    public static void Failed(TimeSpan took) => Writes.Record(took.TotalSeconds, Broken);

    public static void Recorded(TimeSpan after) => Delays.Record(Math.Max(0, after.TotalSeconds));
}
