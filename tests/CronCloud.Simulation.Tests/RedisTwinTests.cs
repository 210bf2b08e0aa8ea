using CronCloud.Core.Due;
using CronCloud.Simulation.Twins;
using CronCloud.Simulation.Worlds;

namespace CronCloud.Simulation.Tests;

public sealed class RedisTwinTests
{
    private const int Partition = 7;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VirtualTime _time = new(World.Start);
    private readonly RedisTwin _redis;

    public RedisTwinTests() => _redis = new RedisTwin(_time);

    [Fact]
    public async Task A_roll_back_loses_what_came_since_and_nothing_else()
    {
        await ArmAsync("a");
        _time.GoTo(World.Start.AddSeconds(2));
        await ArmAsync("b");

        Assert.Equal(1, _redis.RollBackTo(World.Start.AddSeconds(1)));

        Assert.NotNull(await _redis.Index.FindAsync(Partition, "a", None));
        Assert.Null(await _redis.Index.FindAsync(Partition, "b", None));
    }

    [Fact]
    public async Task An_emptied_index_has_nothing_and_is_not_built()
    {
        await ArmAsync("a");
        await EndBuildAsync(await _redis.Index.BeginBuildAsync(Partition, None));
        Assert.True((await ScanAsync()).IsBuilt);

        _redis.Empty();

        Assert.Null(await _redis.Index.FindAsync(Partition, "a", None));
        Assert.False((await ScanAsync()).IsBuilt);
    }

    [Fact]
    public async Task A_build_of_before_the_loss_does_not_count_after_it()
    {
        var before = await _redis.Index.BeginBuildAsync(Partition, None);
        _redis.Empty();
        var after = await _redis.Index.BeginBuildAsync(Partition, None);

        Assert.False(await EndBuildAsync(before));
        Assert.True(await EndBuildAsync(after));
    }

    [Fact]
    public async Task Only_a_restart_makes_another_incarnation()
    {
        var first = await _redis.Index.ReadIncarnationAsync(None);
        _redis.Empty();
        Assert.Equal(first, await _redis.Index.ReadIncarnationAsync(None));

        _redis.RollBackTo(World.Start);

        Assert.NotEqual(first, await _redis.Index.ReadIncarnationAsync(None));
    }

    [Fact]
    public async Task Who_listens_hears_also_after_a_loss()
    {
        var woken = new List<int>();
        _redis.Index.Woken += woken.Add;
        _redis.Empty();

        await ArmAsync("a");

        Assert.Equal([Partition], woken);
    }

    private async Task<bool> EndBuildAsync(string build) => await _redis.Index.EndBuildAsync(Partition, build, await _redis.Index.ReadIncarnationAsync(None), None);

    private Task<DueScan> ScanAsync() => _redis.Index.ScanAsync(Partition, new DueQuery { Now = World.Start, Limit = 1 }, None);

    private Task ArmAsync(string key) => _redis.Index.ArmAsync(Partition, [new DueEntry(key, 1, World.Start.AddMinutes(1), new byte[] { 1 })], None);
}
