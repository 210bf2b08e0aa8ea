namespace CronCloud.Faults.Nemesis;

/// <summary>A node that may open no more files and sockets than it has: the next connection to a target or a server finds none. Row 34.</summary>
internal static class ResourceFaults
{
    public static IEnumerable<Fault> All =>
    [
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
    ];
}
