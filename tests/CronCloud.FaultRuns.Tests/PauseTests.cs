using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>Nodes that stand still longer than their leases, and come back.</summary>
public sealed class PauseTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task A_node_that_stands_still_in_the_herds_second_is_replaced_and_harms_nothing_when_it_comes_back()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-pause");
        await Cluster.UntilAsync(herd.AddMilliseconds(5));
        Cluster.Begin("node stopped", mayRepeat: true);
        Cluster.Nodes.Nodes[1]!.Pause();
        await Cluster.ForAsync(8);
        Cluster.Nodes.Nodes[1]!.Resume();
        await Cluster.ForAsync(2);
        await Cluster.ReviveAsync();
        Cluster.End(bound: TimeSpan.Zero);

        await AssertHoldsAsync(from);
    }

    /// <summary>A zombie: another made the attempt again meanwhile, and it publishes its outcome all the same.</summary>
    [Fact]
    public async Task A_node_that_stands_still_between_an_attempt_and_its_outcome_leaves_one_outcome()
    {
        var madeAgain = 0;
        for (var round = 0; round < 3 && madeAgain == 0; round++)
        {
            var from = await TrapAsync("trap-zombie", () => Cluster.Nodes.Nodes[2]!.IsStopped, mayRepeat: true);
            await Cluster.ForAsync(6);
            Cluster.Nodes.Nodes[2]!.Resume();
            await Cluster.ForAsync(2);
            await Cluster.Nodes.KillNodeAsync(2); // the next one has a trap again
            await Cluster.ReviveAsync();
            Cluster.End(bound: TimeSpan.Zero);

            madeAgain = (await AssertHoldsAsync(from)).Explained;
            Assert.Empty(await Cluster.UntilHistoryIsWholeAsync(from, Cluster.Now));
        }

        Assert.True(madeAgain > 0, "The held attempt was not made again.");
    }
}
