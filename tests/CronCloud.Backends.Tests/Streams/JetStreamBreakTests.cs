using CronCloud.Backends.Streams;
using CronCloud.Core.Streams;
using CronCloud.TestServers;
using NATS.Client.Core;

namespace CronCloud.Backends.Tests.Streams;

/// <summary>A connection that breaks over a request: the server has never heard it, or its answer does not come any more. All who need the server wait for whoever looks after its streams.</summary>
public sealed class JetStreamBreakTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private NatsServer _server = null!;
    private Link _link = null!;
    private JetStreamConnection _connection = null!;

    public async Task InitializeAsync()
    {
        _server = await NatsServer.StartAsync();
        _link = new Link(_server.Port);
        _connection = new JetStreamConnection(_server.ConnectionStringAt(_link.Port));
        await _connection.OpenAsync(None);
    }

    public async Task DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _link.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_provisions_is_told_that_it_broke()
    {
        _link.FromServer.Close();
        var provisioning = _connection.ProvisionAsync(_connection.Provisioned, None);
        await BreakAsync();

        Assert.False(await provisioning.WaitAsync(Patience));
        Assert.True(await _connection.ProvisionAsync(_connection.Provisioned, None).WaitAsync(Patience));
    }

    [Fact]
    public async Task Whoever_looks_after_a_server_that_was_started_anew_goes_on_over_the_next_connection()
    {
        var before = _connection.Nats.ServerInfo?.Id;
        await _server.RestartAsync();
        for (var started = TimeProvider.System.GetTimestamp(); _connection.Nats.ConnectionState != NatsConnectionState.Open || _connection.Nats.ServerInfo?.Id == before; await Task.Yield())
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, "The connection does not come back.");
        _link.FromServer.Close();
        var looking = _connection.IsReadyAsync(None).AsTask();
        await BreakAsync();

        Assert.True(await looking.WaitAsync(Patience));
    }

    [Fact]
    public async Task Whoever_counts_what_waits_is_not_kept()
    {
        var queue = new JetStreamExecutionQueue(_connection);
        _link.FromServer.Close();
        var counting = queue.CountAsync(None);
        await BreakAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => counting.WaitAsync(Patience));
        Assert.Equal(0, await queue.CountAsync(None));
    }

    /// <summary>The client asks for it again by itself.</summary>
    [Fact]
    public async Task A_pull_is_answered_over_the_next_connection()
    {
        var queue = new JetStreamExecutionQueue(_connection);
        Assert.Empty(await queue.PullAsync(10, TimeSpan.Zero, None));
        var pulling = queue.PullAsync(10, TimeSpan.FromSeconds(50), None);
        await BreakAsync();
        while (!(await queue.PublishAsync([new StreamMessage("one", 17, "{}"u8.ToArray())], None))[0])
            await Task.Yield();

        Assert.Single(await pulling.WaitAsync(Patience));
    }

    private async Task BreakAsync()
    {
        await _link.CutAsync();
        _link.Heal();
    }
}
