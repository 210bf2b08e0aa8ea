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

    [Fact]
    public async Task A_hundred_outcomes_that_are_published_together_share_a_message_and_one_that_is_large_or_has_lines_has_its_own()
    {
        var stream = await OpenAsync();
        var outcomes = Enumerable.Range(0, 203).Select(i => new StreamMessage($"t/{i}", i % 256, "{}"u8.ToArray())).ToArray();
        outcomes[100] = outcomes[100] with { Body = "two\nlines"u8.ToArray() };
        outcomes[201] = outcomes[201] with { Body = new byte[300_000] };

        Assert.DoesNotContain(false, await stream.PublishAsync(outcomes, CancellationToken.None));

        Assert.Equal(5, await stream.CountAsync(OutcomeReader.Settler, CancellationToken.None)); // 0 to 99, 100, 101 to 200, 201, 202
        var read = new List<string>();
        while (read.Count < outcomes.Length)
        {
            var pulled = await stream.PullAsync(OutcomeReader.Settler, 1_000, TimeSpan.FromSeconds(10), CancellationToken.None);
            read.AddRange(pulled.Select(delivery => System.Text.Encoding.UTF8.GetString(delivery.Body.Span)));
            await pulled.AcknowledgeAsync(CancellationToken.None);
        }

        Assert.Equal(outcomes.Select(outcome => System.Text.Encoding.UTF8.GetString(outcome.Body.Span)), read);
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
