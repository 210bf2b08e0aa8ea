namespace CronCloud.Simulation.Tests;

public sealed class PromisesTests
{
    [Fact]
    public void Fresh_seeds_keep_every_promise()
    {
        var broken = Seeds.First(Seeds.Fresh, default, result => !result.IsGood);

        Assert.True(broken is null, $"Seed {broken?.Seed} breaks a promise. Again: CRONCLOUD_SEED={broken?.Seed} dotnet test tests/CronCloud.Simulation.Tests -c Release --filter Replay\n{broken?.Report()}");
    }
}
