using System.Globalization;


namespace CronCloud.TestServers;

/// <summary>A CronCloud in processes of its own, with a sink for its webhooks.</summary>
public abstract class Installation : IAsyncDisposable
{
    private const string AllowLoopback = "CronCloud__Targets__AllowPrivateNetworks";

    protected Installation(WebhookSink sink) => Sink = sink;

    public WebhookSink Sink { get; }

    /// <summary>Where the API is.</summary>
    public abstract HttpClient Http { get; }

    public abstract ValueTask DisposeAsync();

    protected static Dictionary<string, string> Settings(params (string Name, string Value)[] settings)
    {
        var all = settings.ToDictionary(s => s.Name, s => s.Value);
        all[AllowLoopback] = "true";
        return all;
    }

    protected static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The whole product in one process, on its twins.</summary>
public sealed class TwinInstallation : Installation
{
    private readonly int _port = FreePort.Next();
    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-twins-").FullName;
    private readonly (string Name, string Value)[] _more;
    private CronCloudProcess _process = null!;

    private TwinInstallation(WebhookSink sink, (string Name, string Value)[] more)
        : base(sink) => _more = more;

    public override HttpClient Http => _process.Http;

    public CronCloudProcess Process => _process;

    /// <summary>With settings beside the usual ones.</summary>
    public static async Task<TwinInstallation> StartAsync(params (string Name, string Value)[] more)
    {
        var installation = new TwinInstallation(await WebhookSink.StartAsync(), more);
        await installation.StartProcessAsync();
        return installation;
    }

    public async Task StartProcessAsync()
    {
        _process = await CronCloudProcess.StartGatewayAsync(_port, Settings([("CronCloud__DataDirectory", Path.Combine(_folder, "data")), .. _more]));
        await _process.UntilReadyAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await Sink.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Nodes, three if not said otherwise, and a gateway on the real servers.</summary>
public sealed class ClusterInstallation : Installation
{
    private readonly CronCloudProcess?[] _nodes;
    private NodeLinks[] _links = [];
    private readonly Func<int, (string Name, string Value)[]> _settingsOf;
    private readonly int _gatewayPort = FreePort.Next();
    private CronCloudProcess _gateway = null!;

    private ClusterInstallation(WebhookSink sink, Func<int, (string Name, string Value)[]> settingsOf, int nodes)
        : base(sink) => (_settingsOf, _nodes) = (settingsOf, new CronCloudProcess?[nodes]);

    public override HttpClient Http => _gateway.Http;

    public CronCloudProcess Gateway => _gateway;

    public IReadOnlyList<CronCloudProcess?> Nodes => _nodes;

    /// <summary>Each node's ways to the servers; none when they go there straight.</summary>
    public IReadOnlyList<NodeLinks> Links => _links;

    public required RedisServer Redis { get; init; }

    public required NatsServer Nats { get; init; }

    public required PostgresServer Postgres { get; init; }

    public required ClickHouseServer ClickHouse { get; init; }

    private IEnumerable<(string Name, string Value)> Straight =>
    [
        ("ConnectionStrings__redis", Redis.ConnectionString),
        ("ConnectionStrings__nats", Nats.ConnectionString),
        ("ConnectionStrings__sql", Postgres.ConnectionString),
        ("ConnectionStrings__clickhouse", ClickHouse.ConnectionString),
    ];

    /// <summary>Each start of a node asks for the settings that it gets beside those of all.</summary>
    /// <param name="settingsOf">Those settings.</param>
    /// <param name="nodes">How many.</param>
    /// <param name="linked">The nodes come to the servers through links that can be cut.</param>
    /// <param name="onSmallDisks">The servers write to disks that can be full.</param>
    public static async Task<ClusterInstallation> StartAsync(Func<int, (string Name, string Value)[]>? settingsOf = null, int nodes = 3, bool linked = false, bool onSmallDisks = false)
    {
        var (redis, nats, postgres, clickHouse) = (RedisServer.StartAsync(onSmallDisks), NatsServer.StartAsync(onSmallDisks), PostgresServer.StartAsync(onSmallDisks), ClickHouseServer.StartAsync());
        var installation = new ClusterInstallation(await WebhookSink.StartAsync(), settingsOf ?? (_ => []), nodes)
        {
            Redis = await redis,
            Nats = await nats,
            Postgres = await postgres,
            ClickHouse = await clickHouse,
        };
        if (linked)
            installation._links = [.. installation._nodes.Select(_ => new NodeLinks(installation.Redis, installation.Nats, installation.Postgres, installation.ClickHouse))];
        for (var node = 0; node < nodes; node++)
            await installation.StartNodeAsync(node);
        await installation.StartGatewayAsync();
        foreach (var process in installation._nodes.Append(installation._gateway))
            await process!.UntilReadyAsync();
        return installation;
    }

    public async Task StartNodeAsync(int node, params (string Name, string Value)[] more) =>
        _nodes[node] = await CronCloudProcess.StartNodeAsync(FreePort.Next(), NodeSettings(NameOf(node), Links.Count > 0 ? Links[node].Settings : Straight, [.. _settingsOf(node), .. more]));

    /// <summary>Starts the gateway, or again one that ended: at the same address, so that its clients need not know.</summary>
    public async Task StartGatewayAsync()
    {
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        _gateway = await CronCloudProcess.StartGatewayAsync(_gatewayPort, NodeSettings("gateway", Straight, [("CronCloud__Roles", "gateway")]));
    }

    public async Task KillNodeAsync(int node)
    {
        await _nodes[node]!.KillAsync();
        await _nodes[node]!.DisposeAsync();
        _nodes[node] = null;
    }

    /// <summary>SIGTERM. Fails when the node does not end well.</summary>
    public async Task StopNodeAsync(int node)
    {
        var process = _nodes[node]!;
        var hadExited = process.HasExited;
        var code = await process.StopAsync();
        await process.DisposeAsync();
        _nodes[node] = null;
        if (code != 0)
            throw new InvalidOperationException($"{NameOf(node)} {(hadExited ? "had ended before it was told to stop" : "did not end well when it was told to stop")}, with {code}. It printed:\n{process.Output}");
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in _nodes.Append(_gateway))
        {
            if (process is not null)
                await process.DisposeAsync();
        }

        foreach (var links in Links)
            await links.DisposeAsync();
        foreach (var server in (Server[])[Redis, Nats, Postgres, ClickHouse])
            await server.DisposeAsync();
        await Sink.DisposeAsync();
    }

    public static string NameOf(int node) => $"node-{node + 1}";

    private static Dictionary<string, string> NodeSettings(string name, IEnumerable<(string Name, string Value)> servers, (string Name, string Value)[] more) =>
        Settings([("CronCloud__NodeName", name), .. servers, .. more]);
}
