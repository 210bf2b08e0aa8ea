using System.Globalization;
using CronCloud.Simulation.Mutants;

namespace CronCloud.Simulation.Tests;

/// <summary>Which seeds are run. Each run of the tests has fresh ones.</summary>
internal static class Seeds
{
    /// <summary>So many, every time.</summary>
    public const int Count = 2_000;

    /// <summary>Set by whoever wants one seed again.</summary>
    public static int? Wanted => int.TryParse(Environment.GetEnvironmentVariable("CRONCLOUD_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : null;

    /// <summary>Runs seeds side by side; the first, by number, that the condition holds for. Null when it holds for none.</summary>
    public static SimulationResult? First(int from, Mutant mutant, Func<SimulationResult, bool> condition)
    {
        SimulationResult? first = null;
        var gate = new Lock();
        Parallel.For(from, from + Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
        {
            var result = Seed.Run(seed, mutant);
            if (!condition(result))
                return;
            lock (gate)
                first = first is null || seed < first.Seed ? result : first;
            loop.Break();
        });
        return first;
    }
}
