using CronCloud.Faults.Evidence;
using CronCloud.Faults.Running;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>A change that meets executions which are due and cannot start yet.</summary>
public sealed class EditTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task A_job_changed_while_its_executions_wait_for_Nats_loses_none_of_them()
    {
        var from = Cluster.WholeSecond(1);
        var (job, shape) = Load.Every("changed-while-due", 1, from, "ok");
        await Cluster.Client.PutAsync(job, shape);
        await Cluster.UntilAsync(from.AddSeconds(2.5));
        var began = Cluster.Begin("NATS killed", mayRepeat: true);
        await Cluster.Nodes.Nats.KillAsync();
        await Cluster.UntilAsync(from.AddSeconds(5.5));
        Assert.Equal(OperationResult.Ok, await Cluster.Client.PutAsync(job, shape with { Path = $"{shape.Path}/v2" }));
        await Cluster.Nodes.Nats.RestartAsync();
        Cluster.End(bound: Cluster.Now - began);
        await Cluster.UntilAsync(from.AddSeconds(9));

        await AssertHoldsAsync(from);
        await Cluster.UntilAsync(() => Task.FromResult(Due(3, 4, 5).All(due => Cluster.Sink.Ledger.Read().Any(d => d.Job == job && d.ScheduledAt == due))), TimeSpan.FromSeconds(10), "Every execution that was due before the change");
        await Cluster.Client.DeleteAsync(job);

        IEnumerable<DateTimeOffset> Due(params int[] seconds) => seconds.Select(s => from.AddSeconds(s));
    }
}
