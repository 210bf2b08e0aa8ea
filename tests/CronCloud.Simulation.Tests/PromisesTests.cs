using CronCloud.Simulation.Mutants;
using Xunit.Abstractions;

namespace CronCloud.Simulation.Tests;

public sealed class PromisesTests(ITestOutputHelper output)
{
    [Fact]
    public void Fresh_seeds_keep_every_promise()
    {
        var from = Seeds.Fresh();
        output.WriteLine($"Seeds {from} to {from + Seeds.Count - 1}");

        var broken = Seeds.First(from, Mutant.None, result => !result.IsGood);

        Assert.True(broken is null, broken?.Report());
    }
}
