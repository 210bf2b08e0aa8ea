using System.Globalization;
using System.Security.Cryptography;
using CronCloud.Simulation.Mutants;
using CronCloud.TestServers;

namespace CronCloud.Simulation.Tests;

/// <summary>Which seeds are run.</summary>
internal static class Seeds
{
    private static readonly string[] Tested = ["engine", "tests/CronCloud.Simulation"];

    /// <summary>So many, every time.</summary>
    public const int Count = 2_000;

    /// <summary>The first of them. It follows from the sources: every change of the code meets seeds that none before it met, and a run can be had again.</summary>
    public static int Fresh { get; } = FromSources();

    /// <summary>Set by whoever wants one seed again.</summary>
    public static int? Wanted => int.TryParse(Environment.GetEnvironmentVariable("CRONCLOUD_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : null;

    private static int FromSources()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Tested.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories)).Where(IsSource).Order(StringComparer.Ordinal))
            hash.AppendData(File.ReadAllBytes(file));
        return BitConverter.ToInt32(hash.GetHashAndReset()) & 0x3FFF_FFFF;
    }

    private static bool IsSource(string file) => Path.GetExtension(file) is ".cs" or ".lua" && !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal);

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
