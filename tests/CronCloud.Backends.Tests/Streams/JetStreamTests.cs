using CronCloud.Backends.Streams;
using CronCloud.Core.Streams;
using NATS.Client.JetStream;

namespace CronCloud.Backends.Tests.Streams;

[Collection(nameof(RealServers))]
public sealed class JetStreamExecutionQueueTests(RealServers servers) : ExecutionQueueContract, IAsyncLifetime
{
    private readonly List<JetStreamConnection> _connections = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var connection in _connections)
            await connection.DisposeAsync();
    }

    protected override async Task<IExecutionQueue> OpenAsync()
    {
        _connections.Add(await EmptyNats.OpenAsync(servers));
        return new JetStreamExecutionQueue(_connections[^1]);
    }

    protected override async Task<IExecutionQueue> ReopenAsync()
    {
        await _connections[^1].DisposeAsync();
        _connections.Add(new JetStreamConnection((await servers.NatsAsync()).ConnectionString));
        await _connections[^1].OpenAsync(CancellationToken.None);
        return new JetStreamExecutionQueue(_connections[^1]);
    }

    /// <summary>The server has a clock of its own: the time must really pass.</summary>
    protected override Task PassAckWaitAsync() => Task.Delay(Deliveries.AckWait + TimeSpan.FromSeconds(1), TimeProvider.System);
}

[Collection(nameof(RealServers))]
public sealed class JetStreamOutcomeStreamTests(RealServers servers) : OutcomeStreamContract, IAsyncLifetime
{
    private JetStreamConnection? _connection;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    protected override async Task<IOutcomeStream> OpenAsync()
    {
        _connection = await EmptyNats.OpenAsync(servers);
        return new JetStreamOutcomeStream(_connection);
    }
}

/// <summary>A connection to a JetStream that has none of our streams' messages.</summary>
internal static class EmptyNats
{
    public static async Task<JetStreamConnection> OpenAsync(RealServers servers)
    {
        var connection = new JetStreamConnection((await servers.NatsAsync()).ConnectionString);
        await connection.OpenAsync(CancellationToken.None);
        var context = new NatsJSContext(connection.Nats);
        await context.DeleteStreamAsync("EXECUTIONS");
        await context.DeleteStreamAsync("OUTCOMES");
        await connection.OpenAsync(CancellationToken.None);
        return connection;
    }
}
