using CronCloud.Backends.Sql;
using Npgsql;

namespace CronCloud.Backends.Tests.Ledger;

public sealed class SqliteLedgerRecordTests : LedgerRecordContract
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
public sealed class PostgresLedgerRecordTests(RealServers servers) : LedgerRecordContract
{
    /// <summary>Each test has a database of its own.</summary>
    protected override async Task<SqlDatabase> OpenAsync()
    {
        var server = new NpgsqlConnectionStringBuilder((await servers.PostgresAsync()).ConnectionString);
        var name = $"ledger_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(server.ToString());
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        server.Database = name;
        return SqlDatabase.PostgreSql(server.ToString());
    }
}
