namespace CronCloud.TestServers;

/// <summary>A node's ways to the servers.</summary>
public sealed class NodeLinks(RedisServer redis, NatsServer nats, PostgresServer postgres, ClickHouseServer clickHouse) : IAsyncDisposable
{
    public Link Redis { get; } = new(redis.Port);

    public Link Nats { get; } = new(nats.Port);

    public Link Postgres { get; } = new(postgres.Port);

    public Link ClickHouse { get; } = new(clickHouse.Port);

    public IReadOnlyList<Link> All => [Redis, Nats, Postgres, ClickHouse];

    public IEnumerable<(string Name, string Value)> Settings =>
    [
        ("ConnectionStrings__redis", redis.ConnectionStringAt(Redis.Port)),
        ("ConnectionStrings__nats", nats.ConnectionStringAt(Nats.Port)),
        ("ConnectionStrings__sql", postgres.ConnectionStringAt(Postgres.Port)),
        ("ConnectionStrings__clickhouse", clickHouse.ConnectionStringAt(ClickHouse.Port)),
    ];

    public async ValueTask DisposeAsync()
    {
        foreach (var link in All)
            await link.DisposeAsync();
    }
}
