using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.History;

/// <summary>History's twin in a SQLite file: the same table, the same queries.</summary>
public sealed class SqliteHistory(string path, TimeProvider time) : IHistory, IDependency, IDisposable
{
    private const string Columns =
        "tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, started_at, duration_ms, node, trace_id, status_code, error, output, next_attempt_at, occurrences, last_due";

    private static readonly string ColumnsWithoutOutput = Columns.Replace("output", "NULL AS output", StringComparison.Ordinal);

    private readonly string _connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10 }.ToString();
    private readonly SemaphoreSlim _oneWriter = new(1);

    public string Name => "clickhouse";

    public string Description => $"twin: SQLite in {path}";

    public async Task OpenAsync(CancellationToken cancellation)
    {
        await CreateAsync(cancellation);
        await using var connection = await ConnectAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM pragma_table_info('attempts') WHERE name = 'occurrences'";
        if ((long)(await command.ExecuteScalarAsync(cancellation))! == 0)
            await RunAsync("ALTER TABLE attempts ADD COLUMN occurrences INTEGER NOT NULL DEFAULT 1; ALTER TABLE attempts ADD COLUMN last_due INTEGER NULL", cancellation);
    }

    public Task ProbeAsync(CancellationToken cancellation) => RunAsync("SELECT 1", cancellation);

    public async Task WriteAsync(IReadOnlyList<HistoryRow> rows, CancellationToken cancellation)
    {
        await _oneWriter.WaitAsync(cancellation);
        try
        {
            await using var connection = await ConnectAsync(cancellation);
            await using var transaction = (SqliteTransaction)await connection.BeginTransactionAsync(cancellation);
            await using var insert = connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = $"INSERT OR REPLACE INTO attempts ({Columns}) VALUES ({string.Join(", ", Columns.Split(", ").Select(c => "$" + c))})";
            foreach (var row in rows)
            {
                insert.Parameters.Clear();
                foreach (var (name, value) in Columns.Split(", ").Zip(Values(row)))
                    insert.Parameters.AddWithValue("$" + name, value ?? DBNull.Value);
                await insert.ExecuteNonQueryAsync(cancellation);
            }

            await transaction.CommitAsync(cancellation);
        }
        finally
        {
            _oneWriter.Release();
        }
    }

    public async Task<Page<HistoryExecution>> ListAsync(HistoryQuery query, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        return await HistoryPages.ReadAsync(query, time.GetUtcNow(), async window =>
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"""
                WITH page AS (
                  SELECT job_id, scheduled_at, execution_id, status, MAX(attempt) AS last FROM attempts
                  WHERE {Where(window, command)}
                  GROUP BY scheduled_at, execution_id, job_id
                  HAVING {Having(window, command)}
                  ORDER BY scheduled_at DESC, execution_id DESC LIMIT $limit)
                SELECT {ColumnsWithoutOutput} FROM attempts
                WHERE tenant = $tenant AND (job_id, scheduled_at, execution_id) IN (SELECT job_id, scheduled_at, execution_id FROM page)
                ORDER BY scheduled_at DESC, execution_id DESC, attempt
                """;
            command.Parameters.AddWithValue("$limit", window.Limit);
            return await ReadAsync(command, cancellation);
        });
    }

    public async Task<IReadOnlyList<HistoryRow>> FindAttemptsAsync(IReadOnlyCollection<Execution> executions, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var rows = new List<HistoryRow>();
        foreach (var execution in executions)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT {Columns} FROM attempts WHERE tenant = $tenant AND job_id = $job AND scheduled_at = $at AND execution_id = $execution";
            command.Parameters.AddWithValue("$tenant", execution.Tenant);
            command.Parameters.AddWithValue("$job", execution.JobId);
            command.Parameters.AddWithValue("$at", execution.ScheduledAt.ToUnixTimeMilliseconds());
            command.Parameters.AddWithValue("$execution", execution.ExecutionId);
            rows.AddRange(await ReadAsync(command, cancellation));
        }

        return rows;
    }

    public async Task<HistoryExecution?> FindAsync(JobKey job, string executionId, CancellationToken cancellation)
    {
        if (ExecutionId.ScheduledAt(executionId) is not { } at)
            return null;
        await using var connection = await ConnectAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns} FROM attempts WHERE tenant = $tenant AND job_id = $job AND scheduled_at = $at AND execution_id = $execution ORDER BY attempt";
        command.Parameters.AddWithValue("$tenant", job.Tenant);
        command.Parameters.AddWithValue("$job", job.Id);
        command.Parameters.AddWithValue("$at", at.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue("$execution", executionId);
        var rows = await ReadAsync(command, cancellation);
        return rows.Count > 0 ? new HistoryExecution(rows) : null;
    }

    public async Task<int> PruneAsync(DateTimeOffset before, int most, CancellationToken cancellation)
    {
        await _oneWriter.WaitAsync(cancellation);
        try
        {
            await using var connection = await ConnectAsync(cancellation);
            await using var command = connection.CreateCommand();
            command.CommandText = """
                DELETE FROM attempts WHERE (tenant, job_id, scheduled_at, execution_id, attempt) IN (
                  SELECT tenant, job_id, scheduled_at, execution_id, attempt FROM attempts WHERE scheduled_at < $before ORDER BY scheduled_at LIMIT $most)
                """;
            command.Parameters.AddWithValue("$before", before.ToUnixTimeMilliseconds());
            command.Parameters.AddWithValue("$most", most);
            return await command.ExecuteNonQueryAsync(cancellation);
        }
        finally
        {
            _oneWriter.Release();
        }
    }

    public void Dispose() => _oneWriter.Dispose();

    private Task CreateAsync(CancellationToken cancellation) => RunAsync(
        """
        PRAGMA journal_mode=WAL;
        CREATE TABLE IF NOT EXISTS attempts (
          tenant TEXT NOT NULL, job_id TEXT NOT NULL, scheduled_at INTEGER NOT NULL, execution_id TEXT NOT NULL, attempt INTEGER NOT NULL,
          status INTEGER NOT NULL, result INTEGER NOT NULL, trigger INTEGER NOT NULL, started_at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
          node TEXT NOT NULL, trace_id TEXT NOT NULL, status_code INTEGER NULL, error TEXT NULL, output TEXT NULL, next_attempt_at INTEGER NULL, occurrences INTEGER NOT NULL DEFAULT 1, last_due INTEGER NULL,
          PRIMARY KEY (tenant, job_id, scheduled_at, execution_id, attempt)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS attempts_newest ON attempts (tenant, scheduled_at DESC, execution_id DESC);
        CREATE INDEX IF NOT EXISTS attempts_oldest ON attempts (scheduled_at);
        """,
        cancellation);

    private static string Where(HistoryQuery query, SqliteCommand command)
    {
        var conditions = new List<string> { "tenant = $tenant" };
        void Add(string condition, string name, object value)
        {
            conditions.Add(condition);
            command.Parameters.AddWithValue(name, value);
        }

        command.Parameters.AddWithValue("$tenant", query.Tenant);
        if (query.JobId is { } job)
            Add("job_id = $job", "$job", job);
        if (query.From is { } from)
            Add("scheduled_at >= $from", "$from", from.ToUnixTimeMilliseconds());
        if (query.To is { } to)
            Add("scheduled_at < $to", "$to", to.ToUnixTimeMilliseconds());
        if (query.After is { } after)
        {
            Add("(scheduled_at, execution_id) < ($afterAt, $afterId)", "$afterAt", after.ScheduledAt.ToUnixTimeMilliseconds());
            command.Parameters.AddWithValue("$afterId", after.ExecutionId);
        }

        return string.Join(" AND ", conditions);
    }

    /// <summary>SQLite takes a bare column from the row that has the maximum: the status is that of the last attempt.</summary>
    private static string Having(HistoryQuery query, SqliteCommand command)
    {
        var conditions = new List<string> { "last >= 0" };
        if (query.Status is { } status)
        {
            conditions.Add("status = $status");
            command.Parameters.AddWithValue("$status", (int)status);
        }

        if (query.Text is { } text)
        {
            conditions.Add("MAX(holds(output, $text) OR holds(error, $text))");
            command.Parameters.AddWithValue("$text", text);
        }

        return string.Join(" AND ", conditions);
    }

    private static object?[] Values(HistoryRow row) =>
    [
        row.Tenant, row.JobId, row.ScheduledAt.ToUnixTimeMilliseconds(), row.ExecutionId, row.Attempt, (int)row.Status, (int)row.Result, (int)row.Trigger,
        row.StartedAt.ToUnixTimeMilliseconds(), row.DurationMs, row.Node, row.TraceId, row.StatusCode, row.Error, row.Output, row.NextAttemptAt?.ToUnixTimeMilliseconds(), row.Occurrences, row.LastDue?.ToUnixTimeMilliseconds(),
    ];

    private static async Task<List<HistoryRow>> ReadAsync(SqliteCommand command, CancellationToken cancellation)
    {
        var rows = new List<HistoryRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new HistoryRow
            {
                Tenant = reader.GetString(0),
                JobId = reader.GetString(1),
                ScheduledAt = Instant(reader.GetInt64(2)),
                ExecutionId = reader.GetString(3),
                Attempt = reader.GetInt32(4),
                Status = (ExecutionStatus)reader.GetInt32(5),
                Result = (AttemptResult)reader.GetInt32(6),
                Trigger = (Trigger)reader.GetInt32(7),
                StartedAt = Instant(reader.GetInt64(8)),
                DurationMs = reader.GetInt64(9),
                Node = reader.GetString(10),
                TraceId = reader.GetString(11),
                StatusCode = reader.IsDBNull(12) ? null : reader.GetInt32(12),
                Error = reader.IsDBNull(13) ? null : reader.GetString(13),
                Output = reader.IsDBNull(14) ? null : reader.GetString(14),
                NextAttemptAt = reader.IsDBNull(15) ? null : Instant(reader.GetInt64(15)),
                Occurrences = reader.GetInt32(16),
                LastDue = reader.IsDBNull(17) ? null : Instant(reader.GetInt64(17)),
            });
        }

        return rows;
    }

    private static DateTimeOffset Instant(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);

    private async Task RunAsync(string sql, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<SqliteConnection> ConnectAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(cancellation);
        // SQLite's own functions know the case of ASCII letters only.
        connection.CreateFunction("holds", (string? whole, string part) => whole?.Contains(part, StringComparison.OrdinalIgnoreCase) == true, isDeterministic: true);
        return connection;
    }
}
