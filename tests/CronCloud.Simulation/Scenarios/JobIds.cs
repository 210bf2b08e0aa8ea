using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Scenarios;

/// <summary>Jobs of few partitions, so that some share one.</summary>
internal static class JobIds
{
    private const int PartitionsUsed = 3;

    private static readonly JobKey[][] ByPartition =
        [.. Enumerable.Range(0, 4000).Select(i => new JobKey(i % 2 == 0 ? "acme" : "globex", $"job-{i}")).GroupBy(k => k.Partition).OrderBy(p => p.Key).Take(PartitionsUsed).Select(p => p.ToArray())];

    public static IEnumerable<JobKey> Some(World world)
    {
        var count = 2 + world.Random.Next(4);
        return Enumerable.Range(0, count).Select(i => ByPartition[world.Random.Next(PartitionsUsed)][i]);
    }
}
