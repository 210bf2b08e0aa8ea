using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>The due index: killed, and emptied.</summary>
public sealed class RedisTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    [Fact]
    public async Task Redis_killed_in_the_herds_second_delays_by_its_absence_and_loses_nothing()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-redis");
        await Cluster.UntilAsync(herd.AddMilliseconds(5));
        var began = Cluster.Begin("Redis killed", mayRepeat: true);
        await Cluster.Nodes.Redis.KillAsync();
        await Cluster.ForAsync(4);
        await Cluster.Nodes.Redis.RestartAsync();
        var down = Cluster.Now - began;
        await Cluster.ForAsync(2);
        await Cluster.ReviveAsync();
        Cluster.End(bound: down);

        await AssertHoldsAsync(from);
    }

    [Fact]
    public async Task An_emptied_Redis_is_built_again_and_nothing_is_late()
    {
        var from = Cluster.Now;
        var herd = await HerdAsync("herd-flush");
        await Cluster.UntilAsync(herd.AddMilliseconds(5));
        Cluster.Begin("Redis emptied", mayRepeat: true);
        Assert.Equal("+OK", await Cluster.Nodes.Redis.SendAsync("FLUSHALL"));
        await Cluster.ForAsync(3);
        Cluster.End(bound: TimeSpan.Zero);

        await AssertHoldsAsync(from);
    }
}
