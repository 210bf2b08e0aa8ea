using CronCloud.TestServers;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>Nodes that are told to stop, one after another. How late that makes the latest start is measured by <c>loadtests deployment</c>.</summary>
public sealed class DeploymentTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task A_rolling_deployment_hands_every_partition_over_and_starts_nothing_twice()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-roll");
        await Cluster.UntilAsync(herd.AddMilliseconds(-20));
        for (var node = 0; node < 3; node++)
        {
            Assert.Contains(ClusterInstallation.NameOf(node), await Cluster.ReadLeaseHoldersAsync());
            await Cluster.Nodes.StopNodeAsync(node);
            Assert.DoesNotContain(ClusterInstallation.NameOf(node), await Cluster.ReadLeaseHoldersAsync()); // they would have to lapse, which takes two seconds
            await Cluster.ReviveAsync();
        }

        var report = await AssertHoldsAsync(from);
        Assert.Equal(0, report.Duplicates);
    }
}
