using CronCloud.Faults.Evidence;
using CronCloud.Faults.Running;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>The record, killed.</summary>
public sealed class PostgresTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task Postgres_killed_in_the_herds_second_delays_no_start_and_loses_no_acknowledged_change()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-postgres");
        await Cluster.UntilAsync(herd.AddMilliseconds(5));
        Cluster.Begin("PostgreSQL killed", mayRepeat: false);
        await Cluster.Nodes.Postgres.KillAsync();
        var (job, shape) = Load.Every("made-without-record", 5, herd, "ok");
        Assert.NotEqual(OperationResult.Ok, await Cluster.Client.PutAsync(job, shape));
        await Cluster.UntilAsync(herd.AddSeconds(5));
        await Cluster.Nodes.Postgres.RestartAsync();
        Cluster.End(bound: TimeSpan.Zero);

        var (later, laterShape) = Load.Every("made-with-record", 5, herd, "ok");
        await Cluster.UntilAsync(async () => await Cluster.Client.PutAsync(later, laterShape) == OperationResult.Ok, TimeSpan.FromSeconds(10) + RunningCluster.Slack, "A change that is taken");
        await AssertHoldsAsync(from);
    }
}
