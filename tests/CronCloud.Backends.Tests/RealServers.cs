using CronCloud.TestServers;

namespace CronCloud.Backends.Tests;

/// <summary>The real servers, each started when the first test needs it and shared by all.</summary>
[CollectionDefinition(nameof(RealServers))]
public sealed class RealServers : ICollectionFixture<RealServers>, IAsyncLifetime
{
    private readonly Lazy<Task<RedisServer>> _redis = new(RedisServer.StartAsync);
    private readonly Lazy<Task<NatsServer>> _nats = new(NatsServer.StartAsync);
    private readonly Lazy<Task<PostgresServer>> _postgres = new(PostgresServer.StartAsync);
    private readonly Lazy<Task<ClickHouseServer>> _clickHouse = new(ClickHouseServer.StartAsync);

    public Task<RedisServer> RedisAsync() => _redis.Value;

    public Task<NatsServer> NatsAsync() => _nats.Value;

    public Task<PostgresServer> PostgresAsync() => _postgres.Value;

    public Task<ClickHouseServer> ClickHouseAsync() => _clickHouse.Value;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await EndAsync(_redis);
        await EndAsync(_nats);
        await EndAsync(_postgres);
        await EndAsync(_clickHouse);
    }

    private static async Task EndAsync<T>(Lazy<Task<T>> server)
        where T : Server
    {
        if (server.IsValueCreated && server.Value.IsCompletedSuccessfully)
            await (await server.Value).DisposeAsync();
    }
}
