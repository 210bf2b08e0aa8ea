using CronCloud.Backends.Sql;
using Npgsql;

namespace CronCloud.Backends.Tests.Sql;

public sealed class SqliteRecordTests : SqlRecordContract
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
public sealed class PostgresRecordTests(RealServers servers) : SqlRecordContract
{
    protected override Task<SqlDatabase> OpenAsync() => NewDatabaseAsync(servers);

    /// <summary>Each test has a database of its own.</summary>
    internal static async Task<SqlDatabase> NewDatabaseAsync(RealServers servers) => SqlDatabase.PostgreSql(await NewConnectionStringAsync(servers));

    internal static async Task<string> NewConnectionStringAsync(RealServers servers)
    {
        var server = new NpgsqlConnectionStringBuilder((await servers.PostgresAsync()).ConnectionString);
        var name = $"record_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(server.ToString());
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        server.Database = name;
        return server.ToString();
    }
}
