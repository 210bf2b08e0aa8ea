using CronCloud.Faults.Running;
using CronCloud.TestServers;

namespace CronCloud.Faults.Nemesis;

/// <summary>A node that may have no more of something than it has. Row 34.</summary>
internal static class ResourceFaults
{
    public static IEnumerable<Fault> All =>
    [
        // The next connection to a target or a server finds no file and no socket.
        new(34, "node without descriptors", MayRepeat: true, (cluster, random) => LimitAsync(cluster, random, node => node.LimitDescriptors(node.Descriptors), node => node.LimitDescriptors(null))) { KeepsFromTarget = true },

        // Whatever asks for more is told that there is none: the node goes on with what it has, or dies of it.
        new(34, "node without memory", MayRepeat: true, (cluster, random) => LimitAsync(cluster, random, node => node.LimitData(node.DataBytes), node => node.LimitData(null))) { KeepsFromTarget = true },
    ];

    private static async Task<TimeSpan> LimitAsync(FaultCluster cluster, Random random, Action<CronCloudProcess> limit, Action<CronCloudProcess> free)
    {
        var node = cluster.Nodes.Nodes[random.Next(3)]!;
        limit(node);
        await cluster.ForAsync(random.Next(5, 15));
        if (!node.HasExited)
            free(node);
        return TimeSpan.Zero;
    }
}
