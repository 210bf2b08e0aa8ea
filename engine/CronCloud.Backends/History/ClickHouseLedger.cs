using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using ClickHouse.Driver.Utility;
using CronCloud.Core.Ledger;
using CronCloud.Core.Schedules;

namespace CronCloud.Backends.History;

/// <summary>
/// What history has of the occurrences that schedules named. A tenant's hour is one stretch of the table; rows that are there twice until they are merged fall into one
/// group, so that no FINAL is needed.
/// </summary>
public sealed class ClickHouseLedger(string connectionString, TimeProvider time) : ILedgerHistory, IDisposable
{
    private const string Table = "croncloud_history";

    /// <summary>Of what a schedule named: an execution that was asked for has a nonce behind the Z of its due time.</summary>
    private const string OfSchedule = "tenant = {tenant:String} AND trigger IN (0, 4) AND endsWith(execution_id, 'Z')";
    private const string Before = "scheduled_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')";
    private const string From = "fromUnixTimestamp64Milli({from:Int64}, 'UTC')";

    /// <summary>The ledger can wait, and must not take the server from those who write.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);

    private static readonly QueryOptions Read = new()
    {
        MaxExecutionTime = TimeSpan.FromSeconds(20),
        CustomSettings = new Dictionary<string, object> { ["max_memory_usage"] = 2_000_000_000L, ["cancel_http_readonly_queries_on_client_close"] = 1 },
    };

    private readonly ClickHouseClient _client = new(connectionString);

    public Task<IReadOnlyList<RecordedJob>> CountByJobAsync(string tenant, JobRange jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var parameters = Parameters(tenant, from, to);
        parameters.AddParameter("after", jobs.After ?? "");
        var upTo = "";
        if (jobs.UpTo is { } last)
        {
            upTo = "AND job_id <= {upTo:String}";
            parameters.AddParameter("upTo", last);
        }

        return ReadAsync<RecordedJob>(
            $$"""
            SELECT job_id, toInt64(count()), toInt64(sum(toUnixTimestamp64Milli(scheduled_at))), toInt64(countIf(last > 0)) FROM (
              SELECT job_id, scheduled_at, max(attempt) AS last FROM {{Table}}
              WHERE {{OfSchedule}} AND scheduled_at >= {{From}} AND {{Before}} AND job_id > {after:String} {{upTo}}
              GROUP BY job_id, scheduled_at)
            GROUP BY job_id
            """,
            parameters,
            row => new RecordedJob(row.GetString(0), new DueTally(row.GetInt64(1), row.GetInt64(2)), row.GetInt64(3)),
            cancellation);
    }

    public Task<IReadOnlyList<RecordedDue>> ListDueAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => ReadAsync(
        $$"""
        SELECT DISTINCT job_id, toUnixTimestamp64Milli(scheduled_at), toUnixTimestamp64Milli(scheduled_at) FROM {{Table}}
        WHERE {{OfSchedule}} AND scheduled_at >= {{From}} AND {{Before}} AND job_id IN {jobs:Array(String)}
        """,
        WithJobs(Parameters(tenant, from, to), jobs),
        ReadDue,
        cancellation);

    /// <summary>A range may have begun on any of the thirty days; the column that tells is next to nothing to read.</summary>
    public Task<IReadOnlyList<RecordedDue>> ListRangesAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => ReadAsync(
        $$"""
        SELECT job_id, toUnixTimestamp64Milli(scheduled_at), toUnixTimestamp64Milli(assumeNotNull(last_due)) FROM {{Table}}
        PREWHERE occurrences > 1
        WHERE {{OfSchedule}} AND {{Before}} AND last_due >= {{From}} AND job_id IN {jobs:Array(String)}
        """,
        WithJobs(Parameters(tenant, from, to), jobs),
        ReadDue,
        cancellation);

    public void Dispose() => _client.Dispose();

    private static ClickHouseParameterCollection Parameters(string tenant, DateTimeOffset from, DateTimeOffset to)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", tenant);
        parameters.AddParameter("from", from.ToUnixTimeMilliseconds());
        parameters.AddParameter("to", to.ToUnixTimeMilliseconds());
        return parameters;
    }

    private static ClickHouseParameterCollection WithJobs(ClickHouseParameterCollection parameters, IReadOnlyCollection<string> jobs)
    {
        parameters.AddParameter("jobs", jobs.ToArray());
        return parameters;
    }

    private static RecordedDue ReadDue(ClickHouseDataReader row) =>
        new(row.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)));

    /// <summary>The driver reads on the caller's thread, for as long as the server takes: it is given another one.</summary>
    private async Task<IReadOnlyList<T>> ReadAsync<T>(string sql, ClickHouseParameterCollection parameters, Func<ClickHouseDataReader, T> read, CancellationToken cancellation)
    {
        await using var reader = await _client.ExecuteReaderAsync(sql, parameters, Read, cancellation).WaitAsync(Limit, time, cancellation);
        return await Task.Run(
            () =>
            {
                var rows = new List<T>();
                while (reader.Read())
                    rows.Add(read(reader));
                return rows;
            },
            cancellation).WaitAsync(Limit, time, cancellation);
    }
}
