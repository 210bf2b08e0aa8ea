using CronCloud.Faults.Evidence;
using CronCloud.Faults.Running;

namespace CronCloud.Faults.Nemesis;

/// <summary>Messages that come again or are none, and targets that misbehave. Rows 29, 31, 32.</summary>
internal static class MessageFaults
{
    private static readonly string[] Scripts = ["status/500", "hang", "reset", "cut", "big/10000000", "redirect", "slow/9000"];

    public static IEnumerable<Fault> All =>
    [
        new(29, "executions delivered again", MayRepeat: true, async (cluster, random) =>
        {
            await using var repeater = new Repeater(cluster.Nodes.Nats.ConnectionString);
            await repeater.RepeatAsync(executions: 20, times: random.Next(2, 20));
            return TimeSpan.Zero;
        }),
        new(31, "messages that are none", MayRepeat: false, async (cluster, _) =>
        {
            await using var repeater = new Repeater(cluster.Nodes.Nats.ConnectionString);
            await repeater.SendNonsenseAsync();
            return TimeSpan.Zero;
        }),
        new(32, "targets that misbehave", MayRepeat: false, async (cluster, _) =>
        {
            var due = cluster.WholeSecond(2);
            await cluster.Client.PutAllAsync(Scripts.SelectMany((script, i) => Misbehaving(script, $"{i}-{due.ToUnixTimeSeconds()}", due)));
            await cluster.UntilAsync(due.AddSeconds(12));
            return TimeSpan.Zero;
        })
        { Moments = [Moment.Steady] },
    ];

    private static IEnumerable<(string Job, JobShape Shape)> Misbehaving(string script, string name, DateTimeOffset due) =>
        Enumerable.Range(0, 10).Select(i => ($"bad-{name}-{i}", new JobShape { Plan = new Plan.Once(due), Path = $"/{script}/bad-{name}-{i}" }));
}
