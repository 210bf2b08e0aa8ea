using CronCloud.Faults.Evidence;
using Xunit.Abstractions;

namespace CronCloud.Faults.Tests.Faults;

/// <summary>An execution that kills every worker that takes it.</summary>
public sealed class PoisonTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    private const int Claims = 3;

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
        var limit = due.AddSeconds(45);
        while (Cluster.Now < limit && dead is not { Status: "deadLettered" or "succeeded" })
        {
            var died = Cluster.Nodes.Nodes.Count(n => n!.HasExited);
            deaths += died;
            Running.PoisonIsHarmless = deaths >= Claims;
            if (died > 0)
                await Cluster.ReviveAsync();
            dead = await Cluster.Api.FindAsync(id);
        }

        Running.PoisonIsHarmless = true;
        Cluster.End(bound: TimeSpan.Zero);

        Assert.Equal("deadLettered", dead?.Status);
        Assert.StartsWith("worker-crash", dead!.Attempts[^1].Error, StringComparison.Ordinal);
        Assert.Equal(Claims, deaths);
        var violations = (await Cluster.CheckAsync(from)).Violations.Where(v => v.Job != "poison").ToList();
        Assert.Empty(violations);
    }
}
