using CronCloud.Backends.Sql;

namespace CronCloud.Backends.Tests.Sql;

public sealed class SqliteChannelStoreTests : ChannelStoreContract
{
    private readonly TemporaryFolder _folder = new();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    protected override Task<SqlDatabase> OpenAsync() => Task.FromResult(SqlDatabase.Sqlite(Path.Combine(_folder.Path, "record.db")));
}

[Collection(nameof(RealServers))]
public sealed class PostgresChannelStoreTests(RealServers servers) : ChannelStoreContract
{
    protected override Task<SqlDatabase> OpenAsync() => PostgresRecordTests.NewDatabaseAsync(servers);
}
