using CronCloud.Faults.Running;
using CronCloud.TestServers;

namespace CronCloud.Faults.Nemesis;

/// <summary>Servers that die or stand still. Rows 11, 16, 20, 21, 25, 26.</summary>
internal static class ServerFaults
{
    public static IEnumerable<Fault> All =>
    [
        new(11, "Redis killed", MayRepeat: true, (cluster, random) => KillAsync(cluster, Away(random), cluster.Nodes.Redis)),
        new(16, "NATS killed", MayRepeat: true, (cluster, random) => KillAsync(cluster, Away(random), cluster.Nodes.Nats)),
        new(17, "NATS emptied", MayRepeat: true, (cluster, _) => LoseAsync(cluster, nats => nats.Empty())),
        new(17, "NATS loses the ends of its streams", MayRepeat: true, (cluster, _) => LoseAsync(cluster, nats => nats.LoseEnds())),
        new(20, "Redis stands still", MayRepeat: true, (cluster, random) => StandStillAsync(cluster, StandsStill(random), cluster.Nodes.Redis)),
        new(20, "NATS stands still", MayRepeat: true, (cluster, random) => StandStillAsync(cluster, StandsStill(random), cluster.Nodes.Nats)),
        new(20, "PostgreSQL stands still", MayRepeat: true, async (cluster, random) =>
        {
            await StandStillAsync(cluster, StandsStill(random), cluster.Nodes.Postgres);
            return TimeSpan.Zero;
        }),
        new(21, "PostgreSQL killed", MayRepeat: false, async (cluster, random) =>
        {
            await KillAsync(cluster, Away(random), cluster.Nodes.Postgres);
            return TimeSpan.Zero;
        }),
        new(25, "Redis, NATS and PostgreSQL killed", MayRepeat: true, (cluster, random) => KillAsync(cluster, Away(random), cluster.Nodes.Redis, cluster.Nodes.Nats, cluster.Nodes.Postgres)),
        new(26, "ClickHouse stands still", MayRepeat: false, async (cluster, random) =>
        {
            await StandStillAsync(cluster, random.Next(5, 20), cluster.Nodes.ClickHouse);
            return TimeSpan.Zero;
        }),
    ];

    private static int Away(Random random) => random.Next(2) == 0 ? 0 : 10;

    private static int StandsStill(Random random) => random.Next(2) == 0 ? 3 : 10;

    private static async Task<TimeSpan> KillAsync(FaultCluster cluster, double seconds, params Server[] servers)
    {
        var began = cluster.Now;
        await Task.WhenAll(servers.Select(s => s.KillAsync()));
        await cluster.ForAsync(seconds);
        await Task.WhenAll(servers.Select(s => s.RestartAsync()));
        return cluster.Now - began;
    }

    private static async Task<TimeSpan> LoseAsync(FaultCluster cluster, Action<NatsServer> lose)
    {
        var began = cluster.Now;
        await cluster.Nodes.Nats.KillAsync(lose);
        return cluster.Now - began + Load.FlightDeadline + Load.WithoutHistory;
    }

    private static async Task<TimeSpan> StandStillAsync(FaultCluster cluster, double seconds, Server server)
    {
        var began = cluster.Now;
        server.Pause();
        await cluster.ForAsync(seconds);
        server.Resume();
        return cluster.Now - began;
    }
}
