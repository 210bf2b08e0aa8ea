using CronCloud.Simulation.Mutants;
using Xunit.Abstractions;

namespace CronCloud.Simulation.Tests;

/// <summary>The checker bites: with a part of the product taken out, seeds break promises that hold with it.</summary>
public sealed class MutantTests(ITestOutputHelper output)
{
    private const int From = 1;

    [Theory]
    [InlineData(Mutant.AdvanceBeforePublish)]
    [InlineData(Mutant.NoDeadline)]
    [InlineData(Mutant.NoCompareAndSet)]
    [InlineData(Mutant.NoEpoch)]
    [InlineData(Mutant.HastyCheckpoint)]
    public void A_mutant_is_caught(Mutant mutant)
    {
        var caught = Seeds.First(From, mutant, result => !result.IsGood && Seed.Run(result.Seed).IsGood);

        Assert.True(caught is not null, $"{Seeds.Count} seeds did not catch {mutant}.");
        output.WriteLine($"{mutant} is caught by seed {caught.Seed}: {caught.Violations[0]}");
    }
}
