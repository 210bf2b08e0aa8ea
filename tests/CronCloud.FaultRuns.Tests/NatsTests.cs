using CronCloud.Faults.Running;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>The queue and the outcome stream: killed, and emptied.</summary>
public sealed class NatsTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task Nats_killed_in_the_herds_second_delays_by_its_absence_and_loses_nothing()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-nats");
        await Cluster.UntilAsync(herd.AddMilliseconds(5));
        var began = Cluster.Begin("NATS killed", mayRepeat: true);
        await Cluster.Nodes.Nats.KillAsync();
        await Cluster.ForAsync(4);
        await Cluster.Nodes.Nats.RestartAsync();
        var down = Cluster.Now - began;
        await Cluster.ForAsync(2);
        Cluster.End(bound: down);

        await AssertHoldsAsync(from);
    }

    [Fact]
    public async Task An_emptied_Nats_loses_nothing_since_flights_have_deadlines()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-empty");
        await Cluster.UntilAsync(herd.AddMilliseconds(30));
        var began = Cluster.Begin("NATS emptied", mayRepeat: true);
        await Cluster.Nodes.Nats.KillAsync();
        Directory.Delete(Cluster.Nodes.Nats.StoreFolder, recursive: true);
        await Cluster.Nodes.Nats.RestartAsync();
        var down = Cluster.Now - began;
        await Cluster.ForAsync(2);
        Cluster.End(bound: down + Load.FlightDeadline);

        await AssertHoldsAsync(from);
    }
}
