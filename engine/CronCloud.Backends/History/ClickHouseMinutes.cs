using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using ClickHouse.Driver.Utility;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>
/// The minutes of a tenant, rolled up: after each write the minutes that it touched are counted anew from the attempts, and the later count of a minute replaces the
/// earlier one. So nothing is ever added to a count, and a batch that comes again, or composed otherwise, changes nothing. Of two writers the one that counts
/// last has seen both their rows: a count begins after its write has ended, and goes by the instant at which it began.
/// </summary>
internal static class ClickHouseMinutes
{
    /// <summary>Spans of minutes that one statement counts. A batch touches a few; one of retries after an outage may touch many.</summary>
    private const int SpansAtOnce = 100;

    private static readonly TimeSpan Piece = TimeSpan.FromMinutes(10);

    public static async Task RollUpAsync(ClickHouseClient client, IReadOnlyList<HistoryRow> rows, QueryOptions options, CancellationToken cancellation)
    {
        var tenants = rows.Select(r => r.Tenant).Distinct().ToArray();
        foreach (var spans in Spans(rows.Select(r => r.ScheduledAt)).Chunk(SpansAtOnce))
        {
            var parameters = new ClickHouseParameterCollection();
            parameters.AddParameter("tenants", tenants);
            await client.ExecuteNonQueryAsync(RollUp("tenant IN {tenants:Array(String)} AND " + Within(spans)), parameters, options, cancellation);
        }
    }

    /// <summary>Counts the minutes of all tenants anew, from a whole minute to another; some at a time, since each takes memory.</summary>
    public static async Task RollUpAsync(ClickHouseClient client, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        for (var first = from; first < to; first += Piece)
        {
            var end = first + Piece < to ? first + Piece : to;
            await client.ExecuteNonQueryAsync(RollUp(Within([(first, end)])), cancellationToken: cancellation);
        }
    }

    /// <summary>Counts all minutes that hold attempts of a condition; it must not cut a minute in two.</summary>
    private static string RollUp(string condition) =>
        $"""
        INSERT INTO {ClickHouseSchema.MinuteStates}
        SELECT tenant, toStartOfMinute(scheduled_at) AS minute, {ClickHouseTallies.Counts}, {ClickHouseTallies.Times}, {ClickHouseTallies.States}, now64(9) AS counted_at
        FROM ({ClickHouseTallies.Executions($"{ClickHouseSchema.Attempts} FINAL WHERE {condition}")})
        GROUP BY tenant, minute
        """;

    public static string Read(string? jobId, DateTimeOffset from, DateTimeOffset to) =>
        $$"""
        SELECT * FROM {{(jobId is null ? ClickHouseSchema.Minutes : ClickHouseSchema.JobMinutes)}}
        WHERE tenant = {tenant:String}{{(jobId is null ? "" : " AND job_id = {job:String}")}} AND minute >= {{ClickHouseReads.Instant(from)}} AND minute < {{ClickHouseReads.Instant(to)}}
        ORDER BY minute
        """;

    /// <summary>The newest minutes that have executions waiting for a retry, as many as hold so many of them.</summary>
    public static async Task<IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)>> RetryingAsync(ClickHouseReads reads, HistoryQuery query, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", query.Tenant);
        parameters.AddParameter("limit", query.Limit);
        var within = "tenant = {tenant:String} AND retrying > 0";
        if (query.From is { } from)
            within += $" AND minute >= {ClickHouseReads.Instant(HistoryMinute.WholeMinute(from))}";
        if (query.To is { } to)
            within += $" AND minute < {ClickHouseReads.Instant(to)}";
        var minutes = await reads.ReadAsync(
            $$"""SELECT minute, retrying FROM {{ClickHouseSchema.Minutes}} WHERE {{within}} ORDER BY minute DESC LIMIT {limit:Int32}""",
            parameters,
            reader => (Minute: ClickHouseHistoryRows.Instant(reader.GetDateTime(0)), Retrying: reader.Number("retrying")),
            cancellation);
        var needed = new List<DateTimeOffset>();
        for (var (i, sum) = (0, 0L); i < minutes.Count && sum < query.Limit; sum += minutes[i++].Retrying)
            needed.Add(minutes[i].Minute);
        return Spans(needed);
    }

    /// <summary>Due times in any of some spans.</summary>
    public static string Within(IEnumerable<(DateTimeOffset From, DateTimeOffset To)> spans) =>
        $"({string.Join(" OR ", spans.Select(s => $"(scheduled_at >= {ClickHouseReads.Instant(s.From)} AND scheduled_at < {ClickHouseReads.Instant(s.To)})"))})";

    public static HistoryMinute Row(ClickHouseDataReader reader) => new()
    {
        Minute = ClickHouseHistoryRows.Instant(reader.GetDateTime(reader.GetOrdinal("minute"))),
        Occurrences = reader.Number("occurrences"),
        Started = reader.Number("started"),
        Succeeded = reader.Number("succeeded"),
        Retrying = reader.Number("retrying"),
        DeadLettered = reader.Number("dead_lettered"),
        Skipped = reader.Number("skipped"),
        Missed = reader.Number("missed"),
        Attempts = reader.Number("attempts"),
        FailedAttempts = reader.Number("failed_attempts"),
        LatenessP50Ms = reader.Number("lateness_p50_ms"),
        LatenessP99Ms = reader.Number("lateness_p99_ms"),
        LatenessMaxMs = reader.Number("lateness_max_ms"),
        DurationP50Ms = reader.Number("duration_p50_ms"),
        DurationP99Ms = reader.Number("duration_p99_ms"),
        DurationMaxMs = reader.Number("duration_max_ms"),
    };

    /// <summary>The whole minutes of some instants, those that follow one another as one span.</summary>
    internal static IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)> Spans(IEnumerable<DateTimeOffset> instants)
    {
        var spans = new List<(DateTimeOffset From, DateTimeOffset To)>();
        foreach (var minute in instants.Select(HistoryMinute.WholeMinute).Distinct().Order())
        {
            if (spans.Count > 0 && spans[^1].To == minute)
                spans[^1] = (spans[^1].From, minute.AddMinutes(1));
            else
                spans.Add((minute, minute.AddMinutes(1)));
        }

        return spans;
    }
}
