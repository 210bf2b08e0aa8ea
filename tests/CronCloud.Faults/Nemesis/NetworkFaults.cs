using CronCloud.Faults.Running;
using CronCloud.TestServers;

namespace CronCloud.Faults.Nemesis;

/// <summary>
/// Ways between nodes and servers that break. Rows 8, 9, 10: nodes talk to each other only through the servers, so that a split is a node that is cut
/// off from some of them. The others are there all the time: nothing may be later for it than five seconds, unless it says so.
/// </summary>
internal static class NetworkFaults
{
    private static readonly TimeSpan PostgresDelay = TimeSpan.FromMilliseconds(100);

    private static readonly (string Server, Func<NodeLinks, Link> Of)[] Links =
        [("Redis", l => l.Redis), ("PostgreSQL", l => l.Postgres), ("ClickHouse", l => l.ClickHouse)];

    public static IEnumerable<Fault> All =>
    [
        OfANode(8, "node cut off from all servers", async (cluster, links, random) =>
        {
            foreach (var link in links.All)
                await link.CutAsync();
            await cluster.ForAsync(Away(random));
        }),
        OfANode(8, "node hears nothing from any server", async (cluster, links, random) =>
        {
            foreach (var link in links.All)
                link.Silence();
            await cluster.ForAsync(Away(random));
        }),
        .. Links.Select(CutOff),
        OfANode(9, "node hears nothing from Redis", async (cluster, links, random) =>
        {
            links.Redis.Silence();
            await cluster.ForAsync(Away(random));
        }),
        OfANode(10, "link of a node to Redis flaps", async (cluster, links, random) =>
        {
            for (var turns = random.Next(2, 4); turns > 0; turns--)
            {
                await links.Redis.CutAsync();
                await cluster.ForAsync(3);
                links.Redis.Heal();
                await cluster.ForAsync(3);
            }
        }),
        Slow(9, "PostgreSQL 200 ms away from all nodes", l => l.Postgres, PostgresDelay),
    ];

    private static Fault CutOff((string Server, Func<NodeLinks, Link> Of) one) => OfANode(9, $"node cut off from {one.Server}", async (cluster, links, random) =>
    {
        await one.Of(links).CutAsync();
        await cluster.ForAsync(Away(random));
    });

    private static Fault Slow(int number, string name, Func<NodeLinks, Link> of, TimeSpan eachWay) => new(number, name, MayRepeat: false, async (cluster, _) =>
    {
        foreach (var links in cluster.Nodes.Links)
            of(links).Delay(eachWay);
        await cluster.ForAsync(7);
        foreach (var links in cluster.Nodes.Links)
            of(links).Heal();
        return TimeSpan.Zero;
    });

    private static Fault OfANode(int number, string name, Func<FaultCluster, NodeLinks, Random, Task> breakAsync) => new(number, name, MayRepeat: true, async (cluster, random) =>
    {
        var links = cluster.Nodes.Links[random.Next(cluster.Nodes.Links.Count)];
        await breakAsync(cluster, links, random);
        foreach (var link in links.All)
            link.Heal();
        return TimeSpan.Zero;
    });

    private static double Away(Random random) => random.Next(5, 10);
}
