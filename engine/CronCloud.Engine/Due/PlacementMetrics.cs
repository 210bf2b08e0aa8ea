using System.Diagnostics.Metrics;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Due;

/// <summary>How partitions change hands, and builds of their indexes.</summary>
internal static class PlacementMetrics
{
    private static readonly Counter<long> Moves = EngineMeter.Meter.CreateCounter<long>("croncloud.lease.changes", "{partition}", "Partitions that this node took over or gave up");
    private static readonly Counter<long> Failures = EngineMeter.Meter.CreateCounter<long>("croncloud.lease.failures", "{try}", "Tries to renew leases or to hand partitions over that failed");
    private static readonly Counter<long> Builds = EngineMeter.Meter.CreateCounter<long>("croncloud.partition.builds", "{build}", "Builds of a partition's index from the record, by what came of a step of them");

    private static readonly KeyValuePair<string, object?> TakenOver = Tag.Of("change", "gained");
    private static readonly KeyValuePair<string, object?> GivenUp = Tag.Of("change", "lost");
    private static readonly KeyValuePair<string, object?> Ended = Tag.Of("result", "ended");
    private static readonly KeyValuePair<string, object?> Broken = Tag.Of("result", "failed");

    public static void Begin()
    {
        Changed(0, 0);
        Failures.Add(0);
        Builds.Add(0, Ended);
        Builds.Add(0, Broken);
    }

    public static void Changed(int gained, int lost)
    {
        Moves.Add(gained, TakenOver);
        Moves.Add(lost, GivenUp);
    }

    public static void Failed() => Failures.Add(1);

    public static void Built() => Builds.Add(1, Ended);

    public static void BuildFailed() => Builds.Add(1, Broken);
}
