using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using ClickHouse.Driver.Utility;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>
/// The minutes of a tenant, rolled up: what is written notes which minutes it touches, and these are counted anew from the attempts soon after; the later count of a minute
/// replaces the earlier one. So nothing is ever added to a count, and a batch that comes again, or composed otherwise, changes nothing. Of two that count the one that
/// began last has seen all that the other did.
/// </summary>
internal static class ClickHouseMinutes
{
    private static readonly TimeSpan Piece = TimeSpan.FromMinutes(10);

    /// <summary>Counting takes what memory it may, and then the disk.</summary>
    private static readonly QueryOptions Options = new()
    {
        MaxExecutionTime = TimeSpan.FromSeconds(25),
        CustomSettings = new Dictionary<string, object> { ["max_memory_usage"] = 2_000_000_000L, ["max_bytes_before_external_group_by"] = 700_000_000L, ["do_not_merge_across_partitions_select_final"] = 1 },
    };

    /// <summary>Counts minutes of some tenants anew.</summary>
    public static async Task CountAsync(ClickHouseClient client, IReadOnlyCollection<TouchedMinute> minutes, CancellationToken cancellation)
    {
        var tenants = minutes.GroupBy(m => m.Tenant).Select(t => $"(tenant = {ClickHouseReads.Texts([t.Key])} AND {Within(Spans(t.Select(m => m.Minute)))})");
        await client.ExecuteNonQueryAsync(Count(string.Join(" OR ", tenants)), new ClickHouseParameterCollection(), Options, cancellation);
    }

    /// <summary>Counts the minutes of all tenants anew, from a whole minute to another; some at a time, since each takes memory.</summary>
    public static async Task CountAsync(ClickHouseClient client, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        for (var first = from; first < to; first += Piece)
        {
            var end = first + Piece < to ? first + Piece : to;
            await client.ExecuteNonQueryAsync(Count(Within([(first, end)])), new ClickHouseParameterCollection(), Options, cancellation);
        }
    }

    /// <summary>Counts all minutes that hold attempts of a condition; it must not cut a minute in two.</summary>
    private static string Count(string condition) =>
        $"""
        INSERT INTO {ClickHouseSchema.MinuteStates} (
          tenant, minute, occurrences, started, succeeded, retrying, dead_lettered, skipped, missed, attempts, failed_attempts,
          lateness_p50_ms, lateness_p99_ms, lateness_max_ms, duration_p50_ms, duration_p99_ms, duration_max_ms, lateness, duration, counted_at)
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

    /// <summary>The newest minutes that have executions waiting for a retry, as many as hold so many of them, and all among them that may have changed since they were counted.</summary>
    public static async Task<IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)>> RetryingAsync(ClickHouseReads reads, HistoryQuery query, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", query.Tenant);
        parameters.AddParameter("limit", query.Limit);
        var within = "tenant = {tenant:String}";
        if (query.From is { } from)
            within += $" AND minute >= {ClickHouseReads.Instant(HistoryMinute.WholeMinute(from))}";
        if (query.To is { } to)
            within += $" AND minute < {ClickHouseReads.Instant(to)}";
        var minutes = await reads.ReadAsync(
            $$"""
            SELECT minute, argMax(retrying, counted_at) AS waiting FROM (
              SELECT minute, retrying, counted_at, toDateTime64(0, 9) AS written_at FROM {{ClickHouseSchema.MinuteStates}} WHERE {{within}}
              UNION ALL SELECT minute, 0, toDateTime64(0, 9), written_at FROM {{ClickHouseSchema.TouchedMinutes}} WHERE {{within}})
            GROUP BY minute HAVING waiting > 0 OR {{ClickHouseTouched.IsStale}}
            ORDER BY minute DESC LIMIT {limit:Int32}
            """,
            parameters,
            reader => (Minute: ClickHouseHistoryRows.Instant(reader.GetDateTime(0)), Retrying: reader.Number("waiting")),
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
