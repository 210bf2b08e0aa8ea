using CronCloud.Backends.Sql;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using LinqToDB.Data;

namespace CronCloud.Backends.Tests.Sql;

public sealed class SqliteIncidentStoreTests : IncidentStoreContract, IAsyncLifetime
{
    private readonly SqliteRecord _record = new();

    protected override IIncidentStore Incidents => new SqlIncidentStore(_record.Database);

    protected override IJobStore Jobs => new SqlJobStore(_record.Database);

    public Task InitializeAsync() => _record.Database.OpenAsync(None);

    public Task DisposeAsync() => _record.DisposeAsync();
}

[Collection(nameof(RealServers))]
public sealed class PostgresIncidentStoreTests(RealServers servers) : IncidentStoreContract, IAsyncLifetime
{
    private SqlDatabase _database = null!;

    protected override IIncidentStore Incidents => new SqlIncidentStore(_database);

    protected override IJobStore Jobs => new SqlJobStore(_database);

    public async Task InitializeAsync() => await (_database = await PostgresRecordTests.NewDatabaseAsync(servers)).OpenAsync(None);

    public Task DisposeAsync()
    {
        _database.Dispose();
        return Task.CompletedTask;
    }
}

public sealed class SqliteNotificationStoreTests : NotificationStoreContract, IAsyncLifetime
{
    private readonly SqliteRecord _record = new();

    protected override IIncidentStore Incidents => new SqlIncidentStore(_record.Database);

    protected override INotificationStore Notifications => new SqlNotificationStore(_record.Database);

    protected override Task BreakAsync(string incident) => _record.Database.WriteAsync(db => db.ExecuteAsync($"UPDATE incidents SET incident = '{{' WHERE id = '{incident}'"), None);

    public Task InitializeAsync() => _record.Database.OpenAsync(None);

    public Task DisposeAsync() => _record.DisposeAsync();
}

[Collection(nameof(RealServers))]
public sealed class PostgresNotificationStoreTests(RealServers servers) : NotificationStoreContract, IAsyncLifetime
{
    private SqlDatabase _database = null!;

    protected override IIncidentStore Incidents => new SqlIncidentStore(_database);

    protected override INotificationStore Notifications => new SqlNotificationStore(_database);

    protected override Task BreakAsync(string incident) => _database.WriteAsync(db => db.ExecuteAsync($"UPDATE incidents SET incident = '{{' WHERE id = '{incident}'"), None);

    public async Task InitializeAsync() => await (_database = await PostgresRecordTests.NewDatabaseAsync(servers)).OpenAsync(None);

    public Task DisposeAsync()
    {
        _database.Dispose();
        return Task.CompletedTask;
    }
}

/// <summary>A SQLite file of a test's own.</summary>
internal sealed class SqliteRecord
{
    private readonly TemporaryFolder _folder = new();

    public SqliteRecord() => Database = SqlDatabase.Sqlite(Path.Combine(_folder.Path, "record.db"));

    public SqlDatabase Database { get; }

    public Task DisposeAsync()
    {
        Database.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
        return Task.CompletedTask;
    }
}
