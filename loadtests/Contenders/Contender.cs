namespace CronCloud.LoadTests.Contenders;

/// <summary>Who is measured, in the order of a round.</summary>
/// <param name="StartAsync">Takes the address that job names are appended to.</param>
internal sealed record Contender(string Name, string Settings, Func<string, Task<IContender>> StartAsync)
{
    public const string CronCloud = "croncloud";

    public static async Task<IReadOnlyList<Contender>> OfAsync(Arguments arguments)
    {
        var contenders = new List<Contender>
        {
            new(CronCloud, $"nodes: {arguments.Nodes}, and a gateway; Redis, NATS, PostgreSQL, ClickHouse; history on", sink => CronCloudContender.StartAsync(sink, arguments.Nodes)),
        };
        foreach (var name in arguments.Peers)
        {
            var peer = await Peer.OfAsync(name);
            contenders.Add(new Contender(peer.Name, peer.Settings, sink => PeerContender.StartAsync(peer, sink)));
        }

        return contenders;
    }
}
