using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Tests.Alerts;

public sealed class AlertMetricsTests
{
    /// <summary>By a kind of trouble that no other test here makes: counters are the process'.</summary>
    [Fact]
    public async Task Incidents_are_counted_by_the_kind_that_opened_them()
    {
        var counted = new ConcurrentQueue<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => l.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) =>
        {
            foreach (var tag in tags)
                counted.Enqueue($"{instrument.Name} {tag.Key}={tag.Value} {count}");
        });
        listener.Start();
        await using var bench = await AlertBench.OpenAsync();
        var slow = bench.Succeeded() with { DurationMs = 61_000 };

        slow = slow with { Execution = slow.Execution with { Alerts = new AlertPolicy { SlowAfter = TimeSpan.FromMinutes(1) } } };
        await bench.TellAsync(slow);
        await bench.PublishAsync(slow);
        await bench.NewReader().RunOnceAsync(Pipeline.None);
        bench.Pipeline.Time.Advance(TimeSpan.FromMinutes(2));
        await bench.TellAsync(bench.Succeeded());

        Assert.Equal(["croncloud.incidents.opened kind=slow 1", "croncloud.incidents.resolved kind=slow 1"], counted.Where(c => c.Contains("=slow", StringComparison.Ordinal)));
    }
}
