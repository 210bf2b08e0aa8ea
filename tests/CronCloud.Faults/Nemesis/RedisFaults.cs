using CronCloud.Faults.Running;

namespace CronCloud.Faults.Nemesis;

/// <summary>An index that is emptied, cut short, or refuses writes. Rows 12, 13, 15.</summary>
internal static class RedisFaults
{
    private const int Partitions = 256;

    public static IEnumerable<Fault> All =>
    [
        new(12, "Redis emptied", MayRepeat: true, async (cluster, _) =>
        {
            await ExpectOkAsync(cluster, "FLUSHALL");
            return TimeSpan.Zero;
        }),
        new(12, "a partition's keys deleted", MayRepeat: true, async (cluster, random) =>
        {
            var partition = random.Next(Partitions);
            await cluster.Nodes.Redis.SendAsync($"DEL cc:{{{partition}}}:due cc:{{{partition}}}:entry cc:{{{partition}}}:inflight cc:{{{partition}}}:epoch");
            return TimeSpan.Zero;
        }),
        new(13, "Redis' file cut short", MayRepeat: true, CutShortAsync),
        new(15, "Redis full", MayRepeat: true, (cluster, random) => RefuseAsync(cluster, random, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0")),
        new(15, "Redis read-only", MayRepeat: true, (cluster, random) => RefuseAsync(cluster, random, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")),
    ];

    /// <summary>The last bytes of what it would read at its start are gone: it starts with a part, and says nothing.</summary>
    private static async Task<TimeSpan> CutShortAsync(FaultCluster cluster, Random random)
    {
        var began = cluster.Now;
        await cluster.Nodes.Redis.KillAsync();
        var last = Directory.GetFiles(cluster.Nodes.Redis.AppendOnlyFolder, "*.incr.aof").Order().Last();
        await using (var file = new FileStream(last, FileMode.Open, FileAccess.Write))
            file.SetLength(Math.Max(0, file.Length - random.Next(1, 50_000)));
        await cluster.Nodes.Redis.RestartAsync();
        return cluster.Now - began;
    }

    private static async Task<TimeSpan> RefuseAsync(FaultCluster cluster, Random random, string begin, string end)
    {
        var began = cluster.Now;
        await ExpectOkAsync(cluster, begin);
        await cluster.ForAsync(random.Next(2, 8));
        await ExpectOkAsync(cluster, end);
        return cluster.Now - began;
    }

    private static async Task ExpectOkAsync(FaultCluster cluster, string command)
    {
        if (await cluster.Nodes.Redis.SendAsync(command) is var answer && answer != "+OK")
            throw new InvalidOperationException($"Redis answered {command} with {answer}.");
    }
}
