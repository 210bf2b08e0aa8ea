using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>Nodes that are told to stop, one after another.</summary>
public sealed class DeploymentTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    /// <summary>Leases that were not handed over would have to lapse, which takes two seconds. `loadtests deployment` measures how much sooner it is.</summary>
    private static readonly TimeSpan WorstLateness = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_rolling_deployment_starts_nothing_late_and_nothing_twice()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-roll");
        await Cluster.UntilAsync(herd.AddMilliseconds(-20));
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal(0, await Cluster.Nodes.StopNodeAsync(node));
            await Cluster.ReviveAsync();
        }

        var report = await AssertHoldsAsync(from);
        Assert.Equal(0, report.Duplicates);
        Assert.True(report.WorstLateness < WorstLateness, $"The latest start was {report.WorstLateness.TotalMilliseconds:0} ms late.");
    }
}
