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
public sealed class ClickHouseLedger : ILedgerHistory, IDisposable
{
    /// <summary>Of what a schedule named: an execution that was asked for has a nonce behind the Z of its due time.</summary>
    private const string OfSchedule = "tenant = {tenant:String} AND trigger IN (0, 4) AND endsWith(execution_id, 'Z')";

    private readonly ClickHouseClient _client;
    private readonly ClickHouseReads _reads;

    public ClickHouseLedger(string connectionString, TimeProvider time)
    {
        _client = new ClickHouseClient(connectionString);
        _reads = new ClickHouseReads(_client, time);
    }

    public async Task<bool> IsWholeAsync(CancellationToken cancellation) => (await ClickHouseOlder.ListHoursAsync(_client, cancellation)).Count == 0;

    public async Task<IReadOnlyList<RecordedJob>> CountByJobAsync(string tenant, JobRange jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", tenant);
        parameters.AddParameter("after", jobs.After ?? "");
        if (jobs.UpTo is { } last)
            parameters.AddParameter("upTo", last);
        return await _reads.ReadAsync(
            $$"""
            SELECT job_id, toInt64(count()), toInt64(sum(toUnixTimestamp64Milli(scheduled_at))), toInt64(countIf(last > 0)) FROM (
              SELECT job_id, scheduled_at, max(attempt) AS last FROM {{ClickHouseSchema.Attempts}}
              WHERE {{OfSchedule}} AND scheduled_at >= {{ClickHouseReads.Instant(from)}} AND scheduled_at < {{ClickHouseReads.Instant(to)}}
                AND job_id > {after:String}{{(jobs.UpTo is null ? "" : " AND job_id <= {upTo:String}")}}
              GROUP BY job_id, scheduled_at)
            GROUP BY job_id
            """,
            parameters,
            row => new RecordedJob(row.GetString(0), new DueTally(row.GetInt64(1), row.GetInt64(2)), row.GetInt64(3)),
            cancellation);
    }

    public async Task<IReadOnlyList<RecordedDue>> ListDueAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => await _reads.ReadAsync(
        $$"""
        SELECT DISTINCT job_id, toUnixTimestamp64Milli(scheduled_at) AS first, first AS last FROM {{ClickHouseSchema.Attempts}}
        WHERE {{OfSchedule}} AND scheduled_at >= {{ClickHouseReads.Instant(from)}} AND scheduled_at < {{ClickHouseReads.Instant(to)}} AND job_id IN ({{ClickHouseReads.Texts(jobs)}})
        """,
        Parameters(tenant),
        ReadDue,
        cancellation);

    /// <summary>A range may have begun on any of the thirty days; the column that tells is next to nothing to read.</summary>
    public async Task<IReadOnlyList<RecordedDue>> ListRangesAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => await _reads.ReadAsync(
        $$"""
        SELECT job_id, toUnixTimestamp64Milli(scheduled_at), toUnixTimestamp64Milli(max(assumeNotNull(last_due))) FROM {{ClickHouseSchema.Attempts}}
        PREWHERE occurrences > 1
        WHERE {{OfSchedule}} AND scheduled_at < {{ClickHouseReads.Instant(to)}} AND last_due >= {{ClickHouseReads.Instant(from)}} AND job_id IN ({{ClickHouseReads.Texts(jobs)}})
        GROUP BY job_id, scheduled_at
        """,
        Parameters(tenant),
        ReadDue,
        cancellation);

    public void Dispose() => _client.Dispose();

    private static ClickHouseParameterCollection Parameters(string tenant)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", tenant);
        return parameters;
    }

    private static RecordedDue ReadDue(ClickHouseDataReader row) =>
        new(row.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)));
}
