using CronCloud.Faults.Evidence;
using CronCloud.Faults.Running;
using CronCloud.TestServers;
using Npgsql;

namespace CronCloud.Faults.Nemesis;

/// <summary>Disks that are full for a while, and free again. Rows 18 and 23. Only root may mount what they need.</summary>
public static class DiskFaults
{
    private const int Creates = 40;

    /// <summary>Of an older copy nothing is started again that was due longer before: a torn command may be older than the fault, and all behind it goes with it.</summary>
    private static readonly TimeSpan MostLost = TimeSpan.FromSeconds(60);

    public static bool CanFill => SmallDisk.CanBeMounted;

    internal static IEnumerable<Fault> All => !CanFill ? [] :
    [
        new(18, "NATS' disk full", MayRepeat: true, (cluster, random) => FillAsync(cluster, cluster.Nodes.Nats, () => cluster.ForAsync(random.Next(5, 12)))),
        new(18, "Redis' disk full", MayRepeat: true, (cluster, random) => FillAsync(cluster, cluster.Nodes.Redis, () => cluster.ForAsync(random.Next(5, 12)))),
        new(23, "PostgreSQL's disk full", MayRepeat: true, (cluster, _) => FillAsync(cluster, cluster.Nodes.Postgres, () => CreateInVainAsync(cluster))),
    ];

    /// <summary>A server may give up when its disk is full, or wait for ever: it is started again when there is room.</summary>
    private static async Task<TimeSpan> FillAsync(FaultCluster cluster, Server server, Func<Task> meanwhile)
    {
        var began = cluster.Now;
        await server.Disk!.FillAsync();
        await meanwhile();
        await server.Disk.FreeAsync();
        await server.KillAsync();
        if (await server.RepairAsync())
            cluster.HasLost(MostLost);
        await server.RestartAsync();
        return cluster.Now - began;
    }

    /// <summary>
    /// Its next segment of the log finds no room, and it ends. Whoever creates a job then must not be told that it was made: the checker looks for
    /// every one that was acknowledged.
    /// </summary>
    private static async Task CreateInVainAsync(FaultCluster cluster)
    {
        await using var source = NpgsqlDataSource.Create(cluster.Nodes.Postgres.ConnectionString + ";Pooling=false");
        var due = cluster.WholeSecond(600);
        var refused = 0;
        for (var i = 0; i < Creates; i++)
        {
            await SwitchLogAsync(source);
            if (await cluster.Client.PutAsync($"full-{due.ToUnixTimeSeconds()}-{i}", new JobShape { Plan = new Plan.Once(due), Path = "/ok/full" }) != OperationResult.Ok && ++refused == 3)
                return;
        }

        throw new InvalidOperationException($"PostgreSQL took {Creates} jobs with a full disk.");
    }

    private static async Task SwitchLogAsync(NpgsqlDataSource source)
    {
        try
        {
            await using var command = source.CreateCommand("SELECT pg_switch_wal()");
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException)
        {
            // It is down, or says that it is full: what was wanted.
        }
    }
}
