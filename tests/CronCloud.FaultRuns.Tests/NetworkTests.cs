using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>A node that is cut off from a server that the others have.</summary>
public sealed class NetworkTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    /// <summary>Its leases lapse, and others take its partitions over.</summary>
    [Fact]
    public async Task A_node_cut_off_from_Redis_delays_nothing()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-cut");
        await Cluster.UntilAsync(herd.AddMilliseconds(-50));
        Cluster.Begin("node cut off from Redis", mayRepeat: true);
        await Cluster.Nodes.Links[0].Redis.CutAsync();
        await Cluster.ForAsync(5);
        Cluster.Nodes.Links[0].Redis.Heal();
        await Cluster.ReviveAsync();
        Cluster.End(bound: TimeSpan.Zero);

        await AssertHoldsAsync(from);
    }
}
