using System.Globalization;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using ClickHouse.Driver.Utility;
using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.History;

/// <summary>History in ClickHouse: a row per attempt, a partition per day of 30. A row inserted twice is one row when read.</summary>
public sealed class ClickHouseHistory : IHistory, IDependency, IDisposable
{
    private const string Table = "croncloud_attempts";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>The server's own codes for a query that it ended: time, time as foreseen, memory.</summary>
    private static readonly int[] TooBroad = [159, 160, 241];

    private static readonly string[] Columns =
    [
        "tenant", "job_id", "scheduled_at", "execution_id", "attempt", "status", "result", "trigger", "started_at", "duration_ms", "node", "trace_id", "status_code", "error", "output", "next_attempt_at", "occurrences", "last_due",
    ];

    private static readonly string ColumnsWithoutOutput = string.Join(", ", Columns).Replace("output", "NULL AS output_left_out", StringComparison.Ordinal);

    private static readonly InsertOptions Insert = new() { UseSchemaCache = true, MaxExecutionTime = Limit };

    /// <summary>The server ends a read before we give it up, and one that nobody waits for: what is given up here only would go on there.</summary>
    private static readonly QueryOptions Read = new()
    {
        MaxExecutionTime = TimeSpan.FromSeconds(10),
        CustomSettings = new Dictionary<string, object> { ["max_memory_usage"] = 2_000_000_000L, ["cancel_http_readonly_queries_on_client_close"] = 1 },
    };

    private readonly TimeProvider _time;
    private readonly ClickHouseClient _client;

    public ClickHouseHistory(string connectionString, TimeProvider time)
    {
        _time = time;
        var settings = new ClickHouseConnectionStringBuilder(connectionString);
        _client = new ClickHouseClient(connectionString);
        Description = string.Create(CultureInfo.InvariantCulture, $"ClickHouse at {settings.Host}:{settings.Port}, database {settings.Database}");
    }

    public string Name => "clickhouse";

    public string Description { get; }

    public async Task OpenAsync(CancellationToken cancellation)
    {
        await CreateAsync(cancellation);
        foreach (var column in (string[])["occurrences UInt32 DEFAULT 1", "last_due Nullable(DateTime64(3, 'UTC'))"])
            await _client.ExecuteNonQueryAsync($"ALTER TABLE {Table} ADD COLUMN IF NOT EXISTS {column}", cancellationToken: cancellation);
    }

    public Task ProbeAsync(CancellationToken cancellation) =>
        _client.ExecuteScalarAsync("SELECT 1", cancellationToken: cancellation).WaitAsync(TimeSpan.FromSeconds(2), cancellation);

    public Task WriteAsync(IReadOnlyList<HistoryRow> rows, CancellationToken cancellation) =>
        _client.InsertBinaryAsync(Table, Columns, rows.Select(Values), Insert, cancellation).WaitAsync(Limit, cancellation);

    public Task<Page<HistoryExecution>> ListAsync(HistoryQuery query, CancellationToken cancellation) => HistoryPages.ReadAsync(query, _time.GetUtcNow(), async window =>
    {
        var parameters = new ClickHouseParameterCollection();
        var where = Where(window, parameters);
        var having = Having(window, parameters);
        parameters.AddParameter("limit", window.Limit);
        return await ReadAsync(
            $$"""
            SELECT {{ColumnsWithoutOutput}} FROM {{Table}} FINAL
            WHERE {{where}} AND (job_id, scheduled_at, execution_id) IN (
              SELECT job_id, scheduled_at, execution_id FROM {{Table}}
              WHERE {{where}}
              GROUP BY job_id, scheduled_at, execution_id
              HAVING {{having}}
              ORDER BY scheduled_at DESC, execution_id DESC LIMIT {limit:Int32})
            ORDER BY scheduled_at DESC, execution_id DESC, attempt
            """,
            parameters,
            cancellation);
    });

    public async Task<IReadOnlyList<HistoryRow>> FindAttemptsAsync(IReadOnlyCollection<Execution> executions, CancellationToken cancellation)
    {
        var rows = new List<HistoryRow>();
        foreach (var tenant in executions.GroupBy(e => e.Tenant))
        {
            var parameters = new ClickHouseParameterCollection();
            parameters.AddParameter("tenant", tenant.Key);
            parameters.AddParameter("jobs", tenant.Select(e => e.JobId).Distinct().ToArray());
            parameters.AddParameter("executions", tenant.Select(e => e.ExecutionId).ToArray());
            parameters.AddParameter("from", tenant.Min(e => e.ScheduledAt).ToUnixTimeMilliseconds());
            parameters.AddParameter("to", tenant.Max(e => e.ScheduledAt).ToUnixTimeMilliseconds());
            rows.AddRange(await ReadAsync(
                $$"""
                SELECT {{string.Join(", ", Columns)}} FROM {{Table}} FINAL
                WHERE tenant = {tenant:String} AND job_id IN {jobs:Array(String)} AND execution_id IN {executions:Array(String)}
                  AND scheduled_at BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC')
                """,
                parameters,
                cancellation));
        }

        return rows;
    }

    public async Task<HistoryExecution?> FindAsync(JobKey job, string executionId, CancellationToken cancellation)
    {
        if (ExecutionId.ScheduledAt(executionId) is not { } at)
            return null;
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", job.Tenant);
        parameters.AddParameter("job", job.Id);
        parameters.AddParameter("at", at.ToUnixTimeMilliseconds());
        parameters.AddParameter("execution", executionId);
        var rows = await ReadAsync(
            $$"""
            SELECT {{string.Join(", ", Columns)}} FROM {{Table}} FINAL
            WHERE tenant = {tenant:String} AND job_id = {job:String} AND scheduled_at = fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND execution_id = {execution:String}
            ORDER BY attempt
            """,
            parameters,
            cancellation);
        return rows.Count > 0 ? new HistoryExecution(rows) : null;
    }

    /// <summary>The table's TTL drops whole days.</summary>
    public Task<int> PruneAsync(DateTimeOffset before, int most, CancellationToken cancellation) => Task.FromResult(0);

    public void Dispose() => _client.Dispose();

    private Task CreateAsync(CancellationToken cancellation) => _client.ExecuteNonQueryAsync(
        $"""
        CREATE TABLE IF NOT EXISTS {Table} (
          tenant LowCardinality(String), job_id String, scheduled_at DateTime64(3, 'UTC'), execution_id String, attempt UInt16,
          status UInt8, result UInt8, trigger UInt8, started_at DateTime64(3, 'UTC'), duration_ms UInt64,
          node LowCardinality(String), trace_id String, status_code Nullable(UInt16), error Nullable(String), output Nullable(String), next_attempt_at Nullable(DateTime64(3, 'UTC')), occurrences UInt32 DEFAULT 1, last_due Nullable(DateTime64(3, 'UTC')))
        ENGINE = ReplacingMergeTree PARTITION BY toYYYYMMDD(scheduled_at) ORDER BY (tenant, job_id, scheduled_at, execution_id, attempt)
        TTL toDateTime(scheduled_at) + INTERVAL 30 DAY SETTINGS ttl_only_drop_parts = 1
        """,
        cancellationToken: cancellation);

    private static string Where(HistoryQuery query, ClickHouseParameterCollection parameters)
    {
        var conditions = new List<string> { "tenant = {tenant:String}" };
        parameters.AddParameter("tenant", query.Tenant);
        void Add(string condition, string name, object value)
        {
            conditions.Add(condition);
            parameters.AddParameter(name, value);
        }

        if (query.JobId is { } job)
            Add("job_id = {job:String}", "job", job);
        if (query.From is { } from)
            Add("scheduled_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')", "from", from.ToUnixTimeMilliseconds());
        if (query.To is { } to)
            Add("scheduled_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')", "to", to.ToUnixTimeMilliseconds());
        if (query.After is { } after)
        {
            Add("(scheduled_at, execution_id) < (fromUnixTimestamp64Milli({after_at:Int64}, 'UTC'), {after_id:String})", "after_at", after.ScheduledAt.ToUnixTimeMilliseconds());
            parameters.AddParameter("after_id", after.ExecutionId);
        }

        return string.Join(" AND ", conditions);
    }

    private static string Having(HistoryQuery query, ClickHouseParameterCollection parameters)
    {
        var conditions = new List<string> { "count() > 0" };
        if (query.Status is { } status)
        {
            conditions.Add("argMax(status, attempt) = {status:UInt8}");
            parameters.AddParameter("status", (byte)status);
        }

        if (query.Text is { } text)
        {
            conditions.Add("countIf(positionCaseInsensitiveUTF8(ifNull(output, ''), {text:String}) > 0 OR positionCaseInsensitiveUTF8(ifNull(error, ''), {text:String}) > 0) > 0");
            parameters.AddParameter("text", text);
        }

        return string.Join(" AND ", conditions);
    }

    private static object[] Values(HistoryRow row) =>
    [
        row.Tenant, row.JobId, row.ScheduledAt.UtcDateTime, row.ExecutionId, (ushort)row.Attempt, (byte)row.Status, (byte)row.Result, (byte)row.Trigger,
        row.StartedAt.UtcDateTime, (ulong)row.DurationMs, row.Node, row.TraceId, row.StatusCode is { } status ? (ushort)status : null!, row.Error!, row.Output!, row.NextAttemptAt?.UtcDateTime!, (uint)row.Occurrences, row.LastDue?.UtcDateTime!,
    ];

    private async Task<List<HistoryRow>> ReadAsync(string sql, ClickHouseParameterCollection parameters, CancellationToken cancellation)
    {
        try
        {
            await using var reader = await _client.ExecuteReaderAsync(sql, parameters, Read, cancellation).WaitAsync(Limit, _time, cancellation);
            // The driver reads on the caller's thread, for as long as the server takes: it is given another one, and closed when that takes too long.
            return await Task.Run(() => Rows(reader), cancellation).WaitAsync(Limit, _time, cancellation);
        }
        catch (ClickHouseServerException ended) when (TooBroad.Contains(ended.ErrorCode))
        {
            throw new SearchTooBroadException(ended);
        }
    }

    private static List<HistoryRow> Rows(ClickHouseDataReader reader)
    {
        var rows = new List<HistoryRow>();
        while (reader.Read())
        {
            rows.Add(new HistoryRow
            {
                Tenant = reader.GetString(0),
                JobId = reader.GetString(1),
                ScheduledAt = Instant(reader.GetDateTime(2)),
                ExecutionId = reader.GetString(3),
                Attempt = reader.GetFieldValue<ushort>(4),
                Status = (ExecutionStatus)reader.GetByte(5),
                Result = (AttemptResult)reader.GetByte(6),
                Trigger = (Trigger)reader.GetByte(7),
                StartedAt = Instant(reader.GetDateTime(8)),
                DurationMs = (long)reader.GetFieldValue<ulong>(9),
                Node = reader.GetString(10),
                TraceId = reader.GetString(11),
                StatusCode = reader.IsDBNull(12) ? null : reader.GetFieldValue<ushort>(12),
                Error = reader.IsDBNull(13) ? null : reader.GetString(13),
                Output = reader.IsDBNull(14) ? null : reader.GetString(14),
                NextAttemptAt = reader.IsDBNull(15) ? null : Instant(reader.GetDateTime(15)),
                Occurrences = (int)reader.GetFieldValue<uint>(16),
                LastDue = reader.IsDBNull(17) ? null : Instant(reader.GetDateTime(17)),
            });
        }

        return rows;
    }

    private static DateTimeOffset Instant(DateTime utc) => new(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
}
