using CronCloud.Faults.Running;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>Nodes that are killed.</summary>
public sealed class NodeTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task A_node_killed_in_the_herds_second_loses_nothing()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-kill");
        await Cluster.UntilAsync(herd.AddMilliseconds(5));
        Cluster.Begin("node killed", mayRepeat: true);
        await Cluster.Nodes.KillNodeAsync(0);
        await Cluster.ForAsync(3);
        await Cluster.ReviveAsync();
        Cluster.End(bound: TimeSpan.Zero);

        Assert.True((await AssertHoldsAsync(from)).Expected > HerdSize);
    }

    /// <summary>What it published is in the queue, and still due for whoever takes the partition over.</summary>
    [Fact]
    public Task A_node_killed_between_publish_and_advance_loses_nothing() => KilledAtAsync("trap-advance", node: 0);

    /// <summary>The attempt was made and nobody knows: it is made again, with the same key.</summary>
    [Fact]
    public Task A_node_killed_between_an_attempt_and_its_outcome_loses_nothing() => KilledAtAsync("trap-outcome", node: 1);

    [Fact]
    public async Task All_nodes_killed_at_once_catch_up_when_they_are_back()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-all");
        await Cluster.UntilAsync(herd.AddMilliseconds(5));
        var began = Cluster.Begin("all nodes killed", mayRepeat: true);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(Cluster.Nodes.KillNodeAsync));
        await Cluster.ForAsync(3);
        await Cluster.ReviveAsync();
        Cluster.End(bound: Cluster.Now - began);

        Assert.True((await AssertHoldsAsync(from)).Expected > HerdSize);
    }

    private async Task KilledAtAsync(string trap, int node)
    {
        var from = await TrapAsync(trap, () => Cluster.Nodes.Nodes[node]!.HasExited, mayRepeat: true);
        Assert.Contains("CRONCLOUD_PAUSE_POINT: signal 9 before", Cluster.Nodes.Nodes[node]!.Output, StringComparison.Ordinal);
        await Cluster.ReviveAsync();
        Cluster.End(bound: TimeSpan.Zero);

        await AssertHoldsAsync(from);
    }
}
