using CronCloud.Faults.Evidence;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>Jobs that forbid two executions at once, while a node dies.</summary>
public sealed class OverlapTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    private const int Seconds = 10;

    [Fact]
    public async Task Executions_of_a_job_that_forbids_it_never_run_at_once_while_a_node_is_killed()
    {
        await Cluster.ReviveAsync();
        var from = Cluster.Now;
        var anchor = Cluster.WholeSecond(1);
        var jobs = Enumerable.Range(0, 6).Select(i => ($"alone-{i}", Shape(i, anchor))).ToList();
        await Cluster.Client.PutAllAsync(jobs);
        await Cluster.UntilAsync(anchor.AddSeconds(3));
        Cluster.Begin("node killed", mayRepeat: true);
        await Cluster.Nodes.KillNodeAsync(2);
        await Cluster.ForAsync(3);
        await Cluster.ReviveAsync();
        Cluster.End(bound: TimeSpan.Zero);
        await Cluster.UntilAsync(anchor.AddSeconds(Seconds + 2));

        await AssertHoldsAsync(from);
        Assert.Empty(await Cluster.UntilHistoryIsWholeAsync(from, Cluster.Now));
    }

    /// <summary>Longer than its period, so that executions would overlap.</summary>
    private static JobShape Shape(int number, DateTimeOffset anchor) => new()
    {
        Plan = new Plan.Every(TimeSpan.FromSeconds(1), anchor, anchor.AddSeconds(Seconds)),
        Path = $"/slow/1400/alone-{number}",
        MaxRetries = 3,
        Overlap = number % 2 == 0 ? OverlapRule.Skip : OverlapRule.Queue,
    };
}
