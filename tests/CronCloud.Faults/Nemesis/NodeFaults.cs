using CronCloud.Faults.Running;

namespace CronCloud.Faults.Nemesis;

/// <summary>Nodes that die, stand still, or are told to stop. Rows 1 to 6.</summary>
internal static class NodeFaults
{
    public static IEnumerable<Fault> All =>
    [
        new(1, "node killed", MayRepeat: true, async (cluster, random) =>
        {
            await cluster.Nodes.KillNodeAsync(random.Next(3));
            await cluster.ForAsync(random.Next(1, 6));
            return TimeSpan.Zero;
        }),
        new(1, "node killed between publish and advance", MayRepeat: true, DieAsync) { Moments = [Moment.Step], Trap = "trap-advance", IsSprung = c => c.Nodes.Nodes[0]!.HasExited },
        new(1, "node killed between attempt and outcome", MayRepeat: true, DieAsync) { Moments = [Moment.Step], Trap = "trap-outcome", IsSprung = c => c.Nodes.Nodes[1]!.HasExited },
        new(2, "all nodes killed", MayRepeat: true, async (cluster, random) =>
        {
            var began = cluster.Now;
            await Task.WhenAll(Enumerable.Range(0, 3).Select(cluster.Nodes.KillNodeAsync));
            await cluster.ForAsync(random.Next(2, 20));
            await cluster.ReviveAsync();
            return cluster.Now - began;
        }),
        new(3, "node killed again while it comes back", MayRepeat: true, async (cluster, random) =>
        {
            var node = random.Next(3);
            await cluster.Nodes.KillNodeAsync(node);
            await cluster.Nodes.StartNodeAsync(node);
            await cluster.ForAsync(1);
            await cluster.Nodes.KillNodeAsync(node);
            await cluster.ForAsync(2);
            return TimeSpan.Zero;
        }),
        new(4, "node stands still", MayRepeat: true, async (cluster, random) =>
        {
            await StandStillAsync(cluster, random.Next(3), random.Next(2) == 0 ? 10 : 30);
            return TimeSpan.Zero;
        }),
        new(4, "node stands still between attempt and outcome", MayRepeat: true, async (cluster, _) =>
        {
            await cluster.ForAsync(6);
            cluster.Nodes.Nodes[2]!.Resume();
            return TimeSpan.Zero;
        })
        { Moments = [Moment.Step], Trap = "trap-zombie", IsSprung = c => c.Nodes.Nodes[2]!.IsStopped },
        new(5, "short pauses", MayRepeat: true, async (cluster, random) =>
        {
            var node = random.Next(3);
            for (var pauses = 0; pauses < 3; pauses++)
            {
                await StandStillAsync(cluster, node, 2);
                await cluster.ForAsync(3);
            }

            return TimeSpan.Zero;
        }),
        new(6, "rolling deployment", MayRepeat: false, async (cluster, _) =>
        {
            for (var node = 0; node < 3; node++)
            {
                await cluster.Nodes.StopNodeAsync(node);
                await cluster.ReviveAsync();
            }

            return TimeSpan.Zero;
        }),
    ];

    private static async Task<TimeSpan> DieAsync(FaultCluster cluster, Random random)
    {
        await cluster.ForAsync(random.Next(1, 6));
        return TimeSpan.Zero;
    }

    private static async Task StandStillAsync(FaultCluster cluster, int node, double seconds)
    {
        cluster.Nodes.Nodes[node]!.Pause();
        await cluster.ForAsync(seconds);
        cluster.Nodes.Nodes[node]!.Resume();
    }
}
