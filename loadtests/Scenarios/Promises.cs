using CronCloud.Simulation;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>The simulation on as many seeds as wanted: which of them break a promise.</summary>
internal static class Promises
{
    public static SeedsRun Run(Arguments arguments)
    {
        var from = arguments.Seed ?? (int)(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() % 1_000_000) * 1_000;
        var broken = new System.Collections.Concurrent.ConcurrentBag<BrokenSeed>();
        Parallel.For(from, checked(from + arguments.Jobs), seed =>
        {
            var result = Seed.Run(seed);
            if (result.IsGood)
                return;
            broken.Add(new BrokenSeed(seed, result.Violations[0]));
            Console.WriteLine($"{seed}: {result.Violations[0]}");
        });
        return new SeedsRun(from, arguments.Jobs, broken.Count, [.. broken.OrderBy(b => b.Seed)]);
    }
}

/// <summary>So many seeds from one on, and those that break a promise.</summary>
internal sealed record SeedsRun(int From, int Seeds, int Failing, IReadOnlyList<BrokenSeed> Broken);

internal sealed record BrokenSeed(int Seed, string Violation);
