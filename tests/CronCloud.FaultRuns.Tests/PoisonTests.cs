using CronCloud.Faults.Evidence;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>An execution that kills every worker that takes it.</summary>
public sealed class PoisonTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    private const int Claims = 3;
    private static readonly TimeSpan MostWithoutNodes = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task An_execution_that_kills_three_workers_ends_as_a_dead_letter_and_delays_nobody_else()
    {
        await Cluster.ReviveAsync();
        var from = Cluster.Begin("poison", mayRepeat: true);
        var due = Cluster.WholeSecond(1);
        var id = $"poison@{due:yyyyMMdd'T'HHmmss'Z'}";
        await Cluster.Client.PutAsync("poison", new JobShape { Plan = new Plan.Once(due), Path = "/ok/poison", MaxRetries = 3 });

        var deaths = 0;
        RecordedExecution? dead = null;
        var looked = Cluster.Now;
        var withoutNodes = TimeSpan.Zero;
        await Cluster.UntilAsync(
            async () =>
            {
                var ready = await Task.WhenAll(Cluster.Nodes.Nodes.Select(node => node!.IsReadyAsync()));
                if (!ready.Contains(true))
                    withoutNodes += Cluster.Now - looked;
                looked = Cluster.Now;
                for (var node = 0; node < 3; node++)
                    deaths += await RestartIfDeadAsync(node, deaths);
                dead = await Cluster.Api.FindAsync(id);
                return dead is { Status: "deadLettered" or "succeeded" };
            },
            TimeSpan.FromSeconds(90),
            "An end of what kills its workers");

        Running.PoisonIsHarmless = true;
        await Cluster.ReviveAsync();
        // Two workers die one after the other before it runs alone: who was beside it both times comes back twice. When the third dies before the first serves again, nobody starts anything.
        Cluster.End(bound: TimeSpan.FromSeconds(2) + (withoutNodes < MostWithoutNodes ? withoutNodes : MostWithoutNodes));

        Assert.Equal("deadLettered", dead?.Status);
        Assert.StartsWith("worker-crash", dead!.Attempts[^1].Error, StringComparison.Ordinal);
        Assert.Equal(Claims, deaths);
        await AssertHoldsAsync(from, except: "poison");
    }

    /// <summary>Answers the deaths seen: 1 or 0. Once it has killed as often as it may, whoever starts again is not killed any more.</summary>
    private async Task<int> RestartIfDeadAsync(int node, int deaths)
    {
        if (!Cluster.Nodes.Nodes[node]!.HasExited)
            return 0;
        Running.PoisonIsHarmless = deaths + 1 >= Claims;
        await Cluster.Nodes.KillNodeAsync(node);
        await Cluster.Nodes.StartNodeAsync(node);
        return 1;
    }
}
