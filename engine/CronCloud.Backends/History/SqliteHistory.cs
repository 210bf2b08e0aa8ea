using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.History;

/// <summary>History's twin in a SQLite file: a row per attempt, and a full-text index of what they said. Counts and minutes are made when they are asked for.</summary>
public sealed class SqliteHistory(string path, TimeProvider time) : IHistory, IDependency, IDisposable
{
    private readonly string _connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10 }.ToString();
    private readonly SemaphoreSlim _oneWriter = new(1);

    public string Name => "clickhouse";

    public string Description => $"twin: SQLite in {path}";

    public async Task OpenAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        await SqliteHistorySchema.MigrateAsync(connection, cancellation);
    }

    public async Task ProbeAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        await using var command = new SqliteCommand("SELECT 1", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public Task WriteAsync(IReadOnlyList<HistoryRow> rows, CancellationToken cancellation) => ChangeAsync(
        async (connection, transaction) =>
        {
            await using var upsert = new SqliteCommand(SqliteHistoryRows.Upsert, connection, transaction);
            await using var index = new SqliteCommand("INSERT OR REPLACE INTO attempts_text (rowid, output, error) VALUES ($id, $output, $error)", connection, transaction);
            foreach (var row in rows)
            {
                SqliteHistoryRows.Bind(upsert, row);
                if (await upsert.ExecuteScalarAsync(cancellation) is not long id)
                    continue;
                index.Parameters.Clear();
                index.Parameters.AddWithValue("$id", id);
                index.Parameters.AddWithValue("$output", SqliteText.Folded(row.Output) ?? "");
                index.Parameters.AddWithValue("$error", SqliteText.Folded(row.Error) ?? "");
                await index.ExecuteNonQueryAsync(cancellation);
            }

            return rows.Count;
        },
        cancellation);

    public async Task<Page<HistoryExecution>> ListAsync(HistoryQuery query, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        return await HistoryPages.ReadAsync(query, time.GetUtcNow(), async window =>
        {
            await using var command = SqliteHistorySearch.Command(connection, window);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            return [.. SqliteHistoryRows.Executions(reader)];
        });
    }

    public async Task<IReadOnlyList<HistoryRow>> FindAttemptsAsync(IReadOnlyCollection<Execution> executions, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var rows = new List<HistoryRow>();
        foreach (var execution in executions)
            rows.AddRange(await AttemptsAsync(connection, execution.Job, execution.ScheduledAt, execution.ExecutionId, cancellation));
        return rows;
    }

    public async Task<HistoryExecution?> FindAsync(JobKey job, string executionId, CancellationToken cancellation)
    {
        if (ExecutionId.ScheduledAt(executionId) is not { } at)
            return null;
        await using var connection = await ConnectAsync(cancellation);
        var rows = await AttemptsAsync(connection, job, at, executionId, cancellation);
        return rows.Count > 0 ? new HistoryExecution(rows) : null;
    }

    public Task<HistoryCounts> CountScheduledAsync(string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) =>
        OverAsync(tenant, null, from, to, HistoryCounts.Of, cancellation);

    public Task<IReadOnlyList<HistoryMinute>> ReadMinutesAsync(string tenant, string? jobId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) =>
        OverAsync(tenant, jobId, HistoryMinute.WholeMinute(from), HistoryMinute.WholeMinute(to), HistoryMinute.Of, cancellation);

    /// <summary>They are counted when they are read.</summary>
    public Task<bool> CountMinutesAsync(DateTimeOffset countedBefore, CancellationToken cancellation) => Task.FromResult(false);

    /// <summary>An older file becomes today's when it is opened.</summary>
    public Task<bool> TakeInOlderAsync(CancellationToken cancellation) => Task.FromResult(false);

    public Task<int> PruneAsync(DateTimeOffset before, int most, CancellationToken cancellation) => ChangeAsync(
        async (connection, transaction) =>
        {
            await using var delete = new SqliteCommand(
                """
                DELETE FROM attempts_text WHERE rowid IN (SELECT id FROM attempts WHERE scheduled_at < $before ORDER BY scheduled_at, id LIMIT $most);
                DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE scheduled_at < $before ORDER BY scheduled_at, id LIMIT $most);
                SELECT changes();
                """,
                connection,
                transaction);
            delete.Parameters.AddWithValue("$before", before.ToUnixTimeMilliseconds());
            delete.Parameters.AddWithValue("$most", most);
            return (int)(long)(await delete.ExecuteScalarAsync(cancellation))!;
        },
        cancellation);

    public void Dispose() => _oneWriter.Dispose();

    private static async Task<List<HistoryRow>> AttemptsAsync(SqliteConnection connection, JobKey job, DateTimeOffset at, string executionId, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {SqliteHistoryRows.Columns} FROM attempts WHERE tenant = $tenant AND job_id = $job AND scheduled_at = $at AND execution_id = $execution ORDER BY attempt";
        command.Parameters.AddWithValue("$tenant", job.Tenant);
        command.Parameters.AddWithValue("$job", job.Id);
        command.Parameters.AddWithValue("$at", at.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue("$execution", executionId);
        return await SqliteHistoryRows.ReadAsync(command, cancellation);
    }

    /// <summary>What a function makes of the executions of a span of due times, one after the other as they are read.</summary>
    private async Task<T> OverAsync<T>(string tenant, string? jobId, DateTimeOffset from, DateTimeOffset to, Func<IEnumerable<HistoryExecution>, T> make, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT {SqliteHistoryRows.ColumnsWithoutOutput} FROM attempts
            WHERE {SqliteHistorySearch.Where(new HistoryQuery { Tenant = tenant, JobId = jobId, From = from, To = to }, command)}
            ORDER BY scheduled_at, execution_id, job_id, attempt
            """;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return make(SqliteHistoryRows.Executions(reader));
    }

    private async Task<int> ChangeAsync(Func<SqliteConnection, SqliteTransaction, Task<int>> change, CancellationToken cancellation)
    {
        await _oneWriter.WaitAsync(cancellation);
        try
        {
            await using var connection = await ConnectAsync(cancellation);
            await using var transaction = connection.BeginTransaction();
            var count = await change(connection, transaction);
            await transaction.CommitAsync(cancellation);
            return count;
        }
        finally
        {
            _oneWriter.Release();
        }
    }

    private async Task<SqliteConnection> ConnectAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(cancellation);
        SqliteText.AddFunctions(connection);
        return connection;
    }
}
