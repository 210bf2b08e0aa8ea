using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>History, away.</summary>
public sealed class ClickHouseTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task ClickHouse_stopped_delays_no_start_and_its_rows_follow()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-clickhouse");
        await Cluster.UntilAsync(herd.AddMilliseconds(-500));
        await Cluster.Nodes.ClickHouse.StopAsync();
        await Cluster.UntilAsync(herd.AddSeconds(4));
        var until = Cluster.Now;
        await Cluster.Nodes.ClickHouse.RestartAsync();

        await AssertHoldsAsync(from);
        Assert.Empty(await Cluster.UntilHistoryIsWholeAsync(from, until));
    }
}
