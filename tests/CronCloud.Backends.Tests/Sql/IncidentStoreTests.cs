using CronCloud.Backends.Sql;

namespace CronCloud.Backends.Tests.Sql;

public sealed class SqliteIncidentStoreTests : IncidentStoreContract
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
public sealed class PostgresIncidentStoreTests(RealServers servers) : IncidentStoreContract
{
    protected override Task<SqlDatabase> OpenAsync() => PostgresRecordTests.NewDatabaseAsync(servers);
}

public sealed class SqliteNotificationStoreTests : NotificationStoreContract
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
public sealed class PostgresNotificationStoreTests(RealServers servers) : NotificationStoreContract
{
    protected override Task<SqlDatabase> OpenAsync() => PostgresRecordTests.NewDatabaseAsync(servers);
}
