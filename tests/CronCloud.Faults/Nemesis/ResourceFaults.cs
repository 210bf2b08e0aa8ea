namespace CronCloud.Faults.Nemesis;

/// <summary>A node that may have no more of something than it has. Row 34.</summary>
internal static class ResourceFaults
{
    public static IEnumerable<Fault> All =>
    [
        // The next connection to a target or a server finds no file and no socket.
        new(34, "node without descriptors", MayRepeat: true, async (cluster, random) =>
        {
            var node = cluster.Nodes.Nodes[random.Next(3)]!;
            node.LimitDescriptors(node.Descriptors);
            await cluster.ForAsync(random.Next(5, 15));
            if (!node.HasExited)
                node.LimitDescriptors(null);
            return TimeSpan.Zero;
        })
        { KeepsFromTarget = true },

        // Whatever asks for more is told that there is none: the node goes on with what it has, or dies of it.
        new(34, "node without memory", MayRepeat: true, async (cluster, random) =>
        {
            var node = cluster.Nodes.Nodes[random.Next(3)]!;
            node.LimitData(node.DataBytes);
            await cluster.ForAsync(random.Next(5, 15));
            if (!node.HasExited)
                node.LimitData(null);
            return TimeSpan.Zero;
        })
        { KeepsFromTarget = true },
    ];
}
