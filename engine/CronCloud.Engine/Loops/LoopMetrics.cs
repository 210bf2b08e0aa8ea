using System.Diagnostics.Metrics;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Loops;

/// <summary>Runs of loops that went wrong, by the loop's name; those of a partition share one.</summary>
internal sealed class LoopMetrics(string name)
{
    private static readonly Counter<long> Failures = EngineMeter.Meter.CreateCounter<long>("croncloud.loop.failures", "{run}", "Runs of a loop that failed and are tried again");
    private static readonly Counter<long> Hangs = EngineMeter.Meter.CreateCounter<long>("croncloud.loop.hangs", "{run}", "Runs of a loop that did not end and were left behind");

    private readonly KeyValuePair<string, object?> _loop = Tag.Of("loop", name.TrimEnd("0123456789 ".ToCharArray()));

    public void Begin()
    {
        Failures.Add(0, _loop);
        Hangs.Add(0, _loop);
    }

    public void Failed() => Failures.Add(1, _loop);

    public void Hung() => Hangs.Add(1, _loop);
}
