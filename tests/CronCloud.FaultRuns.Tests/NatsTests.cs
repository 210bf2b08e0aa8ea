using CronCloud.Faults.Running;
using CronCloud.TestServers;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>The queue and the outcome stream: killed, emptied, and without its end.</summary>
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
    public Task An_emptied_Nats_loses_nothing_since_flights_have_deadlines() => LoseAsync("NATS emptied", "herd-empty", nats => nats.Empty());

    /// <summary>It knows its readers to be ahead of what it has, and would hand out nothing until it had counted up to them again.</summary>
    [Fact]
    public Task A_Nats_that_lost_the_ends_of_its_streams_hands_out_what_comes_then() => LoseAsync("NATS loses the ends of its streams", "herd-ends", nats => nats.LoseEnds());

    private async Task LoseAsync(string fault, string name, Action<NatsServer> lose)
    {
        var from = Cluster.Now;
        var herd = await HerdAsync(name);
        await Cluster.UntilAsync(herd.AddMilliseconds(30));
        var began = Cluster.Begin(fault, mayRepeat: true);
        await Cluster.Nodes.Nats.KillAsync(lose);
        var down = Cluster.Now - began;
        await Cluster.ForAsync(2);
        Cluster.End(bound: down + Load.FlightDeadline);

        await AssertHoldsAsync(from);
    }
}
