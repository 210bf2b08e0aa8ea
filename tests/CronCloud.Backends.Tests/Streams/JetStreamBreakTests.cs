using CronCloud.Backends.Streams;
using CronCloud.TestServers;

namespace CronCloud.Backends.Tests.Streams;

/// <summary>A connection that breaks over what was asked: the server has never heard it, or its answer does not come any more.</summary>
public sealed class JetStreamBreakTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

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
    public async Task A_pull_that_nobody_will_answer_ends()
    {
        var queue = new JetStreamExecutionQueue(_connection);
        Assert.Empty(await queue.PullAsync(10, TimeSpan.Zero, None));

        var pulling = queue.PullAsync(10, TimeSpan.FromSeconds(50), None);
        await BreakAsync();

        Assert.Empty(await pulling.WaitAsync(Patience));
    }

    /// <summary>All who need the server wait for whoever looks after its streams.</summary>
    [Fact]
    public async Task Looking_after_the_streams_ends_and_keeps_nobody_from_the_next_connection()
    {
        _link.FromServer.Close();
        var lookingAfter = _connection.ProvisionAsync(_connection.Provisioned, None);
        await BreakAsync();

        await lookingAfter;
        Assert.True(await _connection.IsReadyAsync(None));
        Assert.Equal(0, await new JetStreamExecutionQueue(_connection).CountAsync(None));
    }

    private async Task BreakAsync()
    {
        await _link.CutAsync();
        _link.Heal();
    }
}
