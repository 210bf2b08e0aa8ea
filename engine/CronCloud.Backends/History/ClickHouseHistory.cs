using System.Globalization;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;

namespace CronCloud.Backends.History;

/// <summary>History in ClickHouse: a row per attempt, a partition per day of 30. A row inserted twice is one row when read.</summary>
public sealed class ClickHouseHistory : IHistory, IDependency, IDisposable
{
    private static readonly InsertOptions Insert = new() { UseSchemaCache = true, MaxExecutionTime = ClickHouseReads.Limit };

    /// <summary>Executions that are asked for together.</summary>
    private const int MostAtOnce = 1_000;

    private readonly TimeProvider _time;
    private readonly ClickHouseClient _client;
    private readonly ClickHouseReads _reads;
    private readonly ClickHouseTouched _touched;

    public ClickHouseHistory(string connectionString, TimeProvider time)
    {
        _time = time;
        var settings = new ClickHouseConnectionStringBuilder(connectionString);
        _client = new ClickHouseClient(connectionString);
        _reads = new ClickHouseReads(_client, time);
        _touched = new ClickHouseTouched(_client, _reads, time);
        Description = string.Create(CultureInfo.InvariantCulture, $"ClickHouse at {settings.Host}:{settings.Port}, database {settings.Database}");
    }

    public string Name => "clickhouse";

    public string Description { get; }

    public Task OpenAsync(CancellationToken cancellation) => ClickHouseSchema.MigrateAsync(_client, cancellation);

    public Task ProbeAsync(CancellationToken cancellation) =>
        _client.ExecuteScalarAsync("SELECT 1", cancellationToken: cancellation).WaitAsync(TimeSpan.FromSeconds(2), cancellation);

    public async Task WriteAsync(IReadOnlyList<HistoryRow> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0)
            return;
        await _client.InsertBinaryAsync(ClickHouseSchema.Attempts, ClickHouseHistoryRows.Names, rows.Select(ClickHouseHistoryRows.Values), Insert, cancellation).WaitAsync(ClickHouseReads.Limit, cancellation);
    }

    /// <summary>Counts the minutes of all tenants anew, of due times from a whole minute to another.</summary>
    public Task CountMinutesAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => ClickHouseMinutes.CountAsync(_client, from, to, cancellation);

    public Task<bool> CountMinutesAsync(DateTimeOffset countedBefore, CancellationToken cancellation) => _touched.CountAsync(countedBefore, cancellation);

    public Task<bool> TakeInOlderAsync(CancellationToken cancellation) => ClickHouseOlder.CopyHourAsync(_client, _time.GetUtcNow(), cancellation);

    public Task<Page<HistoryExecution>> ListAsync(HistoryQuery query, CancellationToken cancellation)
    {
        var search = new ClickHouseSearch(_reads.ForSearch());
        return HistoryPages.ReadAsync(query, _time.GetUtcNow(), window => search.FindAsync(window, cancellation));
    }

    public async Task<IReadOnlyList<HistoryRow>> FindAttemptsAsync(IReadOnlyCollection<Execution> executions, CancellationToken cancellation)
    {
        var rows = new List<HistoryRow>();
        foreach (var part in executions.Chunk(MostAtOnce))
        {
            rows.AddRange(await _reads.ReadAsync(
                $"""
                SELECT {ClickHouseHistoryRows.Columns} FROM {ClickHouseSchema.Attempts} FINAL
                WHERE tenant IN ({ClickHouseReads.Texts(part.Select(e => e.Tenant).Distinct())})
                  AND scheduled_at IN ({string.Join(", ", part.Select(e => e.ScheduledAt).Distinct().Select(ClickHouseReads.Instant))})
                  AND (tenant, execution_id) IN ({string.Join(", ", part.Select(e => $"({ClickHouseReads.Texts([e.Tenant, e.ExecutionId])})"))})
                """,
                new ClickHouseParameterCollection(),
                ClickHouseHistoryRows.Row,
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
        parameters.AddParameter("execution", executionId);
        var rows = await _reads.ReadAsync(
            $$"""
            SELECT {{ClickHouseHistoryRows.Columns}} FROM {{ClickHouseSchema.Attempts}} FINAL
            WHERE tenant = {tenant:String} AND job_id = {job:String} AND scheduled_at = {{ClickHouseReads.Instant(at)}} AND execution_id = {execution:String}
            ORDER BY attempt
            """,
            parameters,
            ClickHouseHistoryRows.Row,
            cancellation);
        return rows.Count > 0 ? new HistoryExecution(rows) : null;
    }

    public Task<HistoryCounts> CountScheduledAsync(string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) =>
        ClickHouseCounts.ReadAsync(_reads, tenant, from, to, cancellation);

    public async Task<IReadOnlyList<HistoryMinute>> ReadMinutesAsync(string tenant, string? jobId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", tenant);
        if (jobId is not null)
            parameters.AddParameter("job", jobId);
        return await _reads.ReadAsync(ClickHouseMinutes.Read(jobId, HistoryMinute.WholeMinute(from), HistoryMinute.WholeMinute(to)), parameters, ClickHouseMinutes.Row, cancellation);
    }

    /// <summary>The table's TTL drops whole days.</summary>
    public Task<int> PruneAsync(DateTimeOffset before, int most, CancellationToken cancellation) => Task.FromResult(0);

    public void Dispose() => _client.Dispose();
}
