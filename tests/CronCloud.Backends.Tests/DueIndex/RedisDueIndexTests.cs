using CronCloud.Backends.DueIndex;
using CronCloud.Core.Due;
using StackExchange.Redis;

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

    [Fact]
    public async Task A_partition_that_lost_its_due_times_alone_is_built_whole_again()
    {
        var index = await OpenAsync();
        DueEntry[] entries = [new("t/job", 1, DateTimeOffset.UnixEpoch.AddDays(1), "a"u8.ToArray()), new("t/job@1", 2, DateTimeOffset.UnixEpoch.AddDays(2), "b"u8.ToArray()), new("t/gone", 1, DateTimeOffset.UnixEpoch.AddDays(3), "c"u8.ToArray())];
        await index.ArmAsync(17, entries, CancellationToken.None);
        await index.EndBuildAsync(17, await index.BeginBuildAsync(17, CancellationToken.None), await index.ReadIncarnationAsync(CancellationToken.None), CancellationToken.None);
        await _connection!.Database.KeyDeleteAsync("cc:{17}:due");
        Assert.False((await ScanAsync(index)).IsBuilt);

        var build = await index.BeginBuildAsync(17, CancellationToken.None);
        await index.ArmAsync(17, entries[..2], CancellationToken.None);
        await index.EndBuildAsync(17, build, await index.ReadIncarnationAsync(CancellationToken.None), CancellationToken.None);

        var scan = await ScanAsync(index);
        Assert.True(scan.IsBuilt);
        Assert.Equal(["t/job", "t/job@1"], scan.Entries.Select(e => e.Key));
    }

    /// <summary>What was armed in the last second before a restart may be lost, though the build is still known.</summary>
    [Fact]
    public async Task A_build_that_was_begun_on_a_server_of_before_does_not_count()
    {
        var index = await OpenAsync();
        var build = await index.BeginBuildAsync(19, CancellationToken.None);

        Assert.False(await index.EndBuildAsync(19, build, "another run of the server", CancellationToken.None));
        Assert.True(await index.EndBuildAsync(19, build, await index.ReadIncarnationAsync(CancellationToken.None), CancellationToken.None));
    }

    [Fact]
    public async Task A_partition_whose_keys_are_not_what_they_should_be_keeps_no_other()
    {
        var index = await OpenAsync();
        await index.ArmAsync(18, [new("t/job", 1, DateTimeOffset.UnixEpoch.AddDays(1), "a"u8.ToArray())], CancellationToken.None);
        await _connection!.Database.StringSetAsync("cc:{5}:due", "no sorted set");

        var scans = Enumerable.Range(0, 40).Select(p => index.ScanAsync(p, new DueQuery { Now = DateTimeOffset.UnixEpoch.AddDays(9), Limit = 10 }, CancellationToken.None)).ToList();

        await Task.WhenAll(scans.Where((_, p) => p != 5));
        Assert.Equal("t/job", Assert.Single((await scans[18]).Entries).Key);
        Assert.Contains("WRONGTYPE", (await Assert.ThrowsAnyAsync<RedisException>(() => scans[5])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_forgot_the_scripts_is_told_them_again()
    {
        var index = await OpenAsync();
        await ScanAsync(index);
        await _connection!.Database.ExecuteAsync("SCRIPT", "FLUSH");

        Assert.Empty((await ScanAsync(index)).Entries);
        Assert.Empty((await ScanAsync(index)).Entries);
    }

    private static Task<DueScan> ScanAsync(IDueIndex index) =>
        index.ScanAsync(17, new DueQuery { Now = DateTimeOffset.UnixEpoch.AddDays(9), Limit = 10 }, CancellationToken.None);

    protected override async Task<IDueIndex> OpenAsync()
    {
        _connection = new RedisConnection((await servers.RedisAsync()).ConnectionString + ",allowAdmin=true");
        await _connection.OpenAsync(CancellationToken.None);
        await _connection.Database.ExecuteAsync("FLUSHALL");
        return new RedisDueIndex(_connection);
    }
}
