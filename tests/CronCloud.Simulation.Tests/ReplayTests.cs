using Xunit.Abstractions;

namespace CronCloud.Simulation.Tests;

public sealed class ReplayTests(ITestOutputHelper output)
{
    /// <summary>Busy worlds with many kinds of faults, whatever else changes.</summary>
    private static readonly int[] Known = [11, 72, 238, 1160];

    /// <summary>A world whose tasks lie deep.</summary>
    private const int Deep = 722115785;

    /// <summary>In bytes. With less than 128 KB left, a task's end is not told at once.</summary>
    private const int LittleStack = 192 << 10;

    [Fact]
    public void A_seed_happens_again_exactly()
    {
        foreach (var seed in Seeds.Wanted is { } wanted ? [wanted] : Known)
        {
            var (first, second) = (Seed.Run(seed), Seed.Run(seed));

            Assert.Equal(first.Trace, second.Trace);
            Assert.True(first.Calls > 0);
            if (Seeds.Wanted is null)
                continue;
            output.WriteLine(first.Trace);
            Assert.True(first.IsGood, first.Report());
        }
    }

    [Fact]
    public void A_seed_happens_the_same_where_hardly_any_stack_is_left()
    {
        SimulationResult? little = null;
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(() => little = Seed.Run(Deep)), LittleStack);
        thread.Start();
        thread.Join();

        Assert.Null(failure);
        Assert.Equal(Seed.Run(Deep).Trace, little?.Trace);
    }
}
