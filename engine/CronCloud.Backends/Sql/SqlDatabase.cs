using System.Data.Common;
using System.Text.Json;
using CronCloud.Core;
using CronCloud.Core.Clocks;
using LinqToDB;
using LinqToDB.Common;
using LinqToDB.Data;
using LinqToDB.DataProvider.SQLite;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace CronCloud.Backends.Sql;

/// <summary>The database of the record: PostgreSQL, or a SQLite file as its twin. One code base serves both.</summary>
public sealed class SqlDatabase : IDependency, IReferenceClock, IDisposable
{
    /// <summary>SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY.</summary>
    private const int UniqueConstraint = 2067;
    private const int PrimaryKeyConstraint = 1555;

    private readonly DataOptions _options;
    private readonly SemaphoreSlim? _oneWriter;

    /// <summary>A column that may be null is joined by "equal, or both null", which no index serves: every row of every table is read.</summary>
    static SqlDatabase() => Configuration.UseNullableTypesMetadata = true;

    private SqlDatabase(DataOptions options, string description, bool isSqlite)
    {
        _options = options;
        Description = description;
        _oneWriter = isSqlite ? new SemaphoreSlim(1) : null;
    }

    public string Name => "sql";

    public string Description { get; }

    /// <summary>Rows that another has locked are passed over. SQLite has one writer at a time, so none are.</summary>
    internal string SkippingLocked => IsSqlite ? "" : "FOR UPDATE SKIP LOCKED";

    /// <summary>The same of one table's rows, where several are joined.</summary>
    internal string SkippingLockedOf(string table) => IsSqlite ? "" : $"FOR UPDATE OF {table} SKIP LOCKED";

    /// <summary>Rows are this transaction's from when they are read.</summary>
    internal string Locking => IsSqlite ? "" : "FOR UPDATE";

    /// <summary>Whether a column is one of <see cref="Listed"/>, in one parameter however many they are.</summary>
    internal string IsListed(string column) => IsSqlite ? $"{column} IN (SELECT value FROM json_each(@listed))" : $"{column} = ANY(@listed)";

    /// <summary>
    /// A tenant's jobs (<c>@tenant</c>) whose ids are <see cref="Listed"/>, as <c>found</c>, each by its key: a table that was filled a moment ago has no statistics yet, and by "= ANY" PostgreSQL would
    /// read all jobs of the tenant rather than some thousands by their keys.
    /// </summary>
    internal string ListedJobs => IsSqlite
        ? $"jobs AS found WHERE tenant = @tenant AND {IsListed("id")}"
        : "unnest(@listed) AS listed (id) CROSS JOIN LATERAL (SELECT * FROM jobs WHERE jobs.tenant = @tenant AND jobs.id = listed.id LIMIT 1) AS found";

    internal DataParameter Listed<T>(IEnumerable<T> values) => IsSqlite ? new DataParameter("listed", JsonSerializer.Serialize(values)) : new DataParameter("listed", values.ToArray());

    /// <summary>Whether a row was refused because its key is there already.</summary>
    internal static bool IsTaken(DbException failure) => failure is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } or SqliteException { SqliteExtendedErrorCode: UniqueConstraint or PrimaryKeyConstraint };

    private bool IsSqlite => _oneWriter is not null;

    public static SqlDatabase PostgreSql(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "croncloud" };
        var set = settings.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase); // ContainsKey says yes to every known keyword
        if (!set.Contains("Command Timeout"))
            settings.CommandTimeout = 10;
        if (!set.Contains("Timeout"))
            settings.Timeout = 5;
        return new SqlDatabase(new DataOptions().UsePostgreSQL(settings.ToString()), $"PostgreSQL at {settings.Host}:{settings.Port}, database {settings.Database}", isSqlite: false);
    }

    public static SqlDatabase Sqlite(string path)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10 };
        return new SqlDatabase(new DataOptions().UseSQLite(settings.ToString(), SQLiteProvider.Microsoft), $"twin: SQLite in {path}", isSqlite: true);
    }

    public async Task OpenAsync(CancellationToken cancellation)
    {
        if (IsSqlite)
            await ReadAsync(db => db.ExecuteAsync("PRAGMA journal_mode=WAL", cancellation), cancellation);
        await WriteAsync(db => SqlSchema.MigrateAsync(db, IsSqlite, cancellation), cancellation);
    }

    public Task ProbeAsync(CancellationToken cancellation) =>
        ReadAsync(db => db.ExecuteAsync<int>("SELECT 1", cancellation), cancellation).WaitAsync(TimeSpan.FromSeconds(2), cancellation);

    public async Task<DateTimeOffset> ReadAsync(CancellationToken cancellation) => DateTimeOffset.FromUnixTimeMilliseconds(
        await ReadAsync(db => db.ExecuteAsync<long>("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)", cancellation), cancellation));

    internal async Task<T> ReadAsync<T>(Func<DataConnection, Task<T>> read, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await using var db = new DataConnection(_options);
        return await read(db);
    }

    /// <summary>Runs in one transaction. SQLite has one writer at a time: waiting here is cheaper than its busy loop.</summary>
    internal async Task<T> WriteAsync<T>(Func<DataConnection, Task<T>> write, CancellationToken cancellation)
    {
        if (_oneWriter is not null)
            await _oneWriter.WaitAsync(cancellation);
        try
        {
            await using var db = new DataConnection(_options);
            await using var transaction = await db.BeginTransactionAsync(cancellation);
            var result = await write(db);
            await transaction.CommitAsync(cancellation);
            return result;
        }
        finally
        {
            _oneWriter?.Release();
        }
    }

    /// <summary>The same; false when it is undone since another came first.</summary>
    internal async Task<bool> TryWriteAsync(Func<DataConnection, Task> write, CancellationToken cancellation)
    {
        try
        {
            return await WriteAsync(
                async db =>
                {
                    await write(db);
                    return true;
                },
                cancellation);
        }
        catch (Exception changed) when (changed is ChangedMeanwhileException || (changed is DbException failure && IsTaken(failure)))
        {
            return false;
        }
    }

    /// <summary>Rows as they come, for lists too long to hold.</summary>
    internal async IAsyncEnumerable<T> StreamAsync<T>(Func<DataConnection, IAsyncEnumerable<T>> read, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var db = new DataConnection(_options);
        await foreach (var row in read(db).WithCancellation(cancellation))
            yield return row;
    }

    public void Dispose() => _oneWriter?.Dispose();
}
