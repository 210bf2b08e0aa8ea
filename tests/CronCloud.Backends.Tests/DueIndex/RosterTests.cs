using CronCloud.Backends.DueIndex;
using CronCloud.Core.Cluster;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Backends.Tests.DueIndex;

public sealed class MemoryRosterTests : RosterContract
{
    private readonly FakeTimeProvider _time = new();

    protected override Task<IRoster> OpenAsync() => Task.FromResult<IRoster>(new MemoryLeases(_time));

    protected override Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }
}

[Collection(nameof(RealServers))]
public sealed class RedisRosterTests(RealServers servers) : RosterContract, IAsyncLifetime
{
    private RedisConnection? _connection;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    protected override async Task<IRoster> OpenAsync()
    {
        _connection = new RedisConnection((await servers.RedisAsync()).ConnectionString + ",allowAdmin=true");
        await _connection.OpenAsync(CancellationToken.None);
        await _connection.Database.ExecuteAsync("FLUSHALL");
        return new RedisDueIndex(_connection);
    }

    /// <summary>Redis has a clock of its own: it must really pass.</summary>
    protected override Task PassAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}
