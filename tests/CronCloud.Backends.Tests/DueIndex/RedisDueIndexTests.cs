using CronCloud.Backends.DueIndex;
using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

[Collection(nameof(RealServers))]
public sealed class RedisDueIndexTests(RealServers servers) : DueIndexContract, IAsyncLifetime
{
    private RedisConnection? _connection;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    protected override async Task<IDueIndex> OpenAsync()
    {
        _connection = new RedisConnection((await servers.RedisAsync()).ConnectionString + ",allowAdmin=true");
        await _connection.OpenAsync(CancellationToken.None);
        await _connection.Database.ExecuteAsync("FLUSHALL");
        return new RedisDueIndex(_connection);
    }
}
