using System.Globalization;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace CronCloud.Backends.History;

/// <summary>
/// The attempts that the version before had, in a table of another order. First of all what is still written there begins to follow by itself, since nodes of that version may go on for a while; then
/// what was there before is copied behind the running nodes, an hour of due times at a time, the newest first. The old table goes with its thirty days.
/// </summary>
internal static class ClickHouseOlder
{
    private const string Before = "croncloud_attempts";
    private const string Moved = "croncloud_moved_hours";

    private const string Columns =
        "tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, started_at, duration_ms, node, trace_id, status_code, error, output, next_attempt_at, occurrences, last_due";

    private const string Select = $"SELECT {Columns}, multiIf(result = 0, 4000000000, result <= 3, 3000000000 + (status = 3), result <= 5, greatest(1, occurrences), 0) AS rank FROM {Before}";

    private static readonly QueryOptions Copying = new()
    {
        MaxExecutionTime = TimeSpan.FromSeconds(100),
        CustomSettings = new Dictionary<string, object> { ["max_memory_usage"] = 2_000_000_000L },
    };

    /// <summary>A write that began before the old table was followed has ended by then, so that the copy has its rows.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);

    /// <summary>A step of the schema.</summary>
    public static async Task FollowAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        if (!await ExistsAsync(client, Before, cancellation))
            return;
        foreach (var column in (string[])["occurrences UInt32 DEFAULT 1", "last_due Nullable(DateTime64(3, 'UTC'))"])
            await client.ExecuteNonQueryAsync($"ALTER TABLE {Before} ADD COLUMN IF NOT EXISTS {column}", cancellationToken: cancellation);
        await client.ExecuteNonQueryAsync($"CREATE TABLE IF NOT EXISTS {Moved} (hour DateTime('UTC')) ENGINE = ReplacingMergeTree ORDER BY hour TTL hour + INTERVAL 35 DAY", cancellationToken: cancellation);
        await client.ExecuteNonQueryAsync($"CREATE MATERIALIZED VIEW IF NOT EXISTS {Before}_followed TO {ClickHouseSchema.Attempts} AS {Select}", cancellationToken: cancellation);
    }

    /// <summary>Copies an hour. True when there are more.</summary>
    public static async Task<bool> CopyHourAsync(ClickHouseClient client, DateTimeOffset now, CancellationToken cancellation)
    {
        var hours = await ListHoursAsync(client, cancellation);
        if (hours.Count == 0 || now < await FollowedSinceAsync(client, cancellation) + Settling)
            return false;
        var within = $"scheduled_at >= {ClickHouseReads.Instant(hours[0])} AND scheduled_at < {ClickHouseReads.Instant(hours[0].AddHours(1))}";
        await client.ExecuteNonQueryAsync($"INSERT INTO {ClickHouseSchema.Attempts} ({Columns}, rank) {Select} WHERE {within}", new ClickHouseParameterCollection(), Copying, cancellation);
        await client.ExecuteNonQueryAsync(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO {Moved} (hour) VALUES ({hours[0].ToUnixTimeSeconds()})"), cancellationToken: cancellation);
        return hours.Count > 1;
    }

    /// <summary>Hours of due times that are not copied yet, the newest first; of days that the old table has, up to when it began to be followed.</summary>
    public static async Task<IReadOnlyList<DateTimeOffset>> ListHoursAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        if (!await ExistsAsync(client, $"{Before}_followed", cancellation))
            return [];
        var hours = new List<DateTimeOffset>();
        await using var reader = await client.ExecuteReaderAsync(
            $"""
            SELECT toUnixTimestamp(arrayJoin(arrayMap(h -> addHours(parseDateTime(partition, '%Y%m%d', 'UTC'), h), range(24)))) AS hour
            FROM (SELECT DISTINCT partition FROM system.parts WHERE active AND database = currentDatabase() AND table = '{Before}')
            WHERE hour NOT IN (SELECT toUnixTimestamp(hour) FROM {Moved}) AND hour <= (SELECT toUnixTimestamp(max(taken_at)) FROM {ClickHouseSchema.Taken} WHERE step = 2)
            ORDER BY hour DESC
            """,
            new ClickHouseParameterCollection(),
            null,
            cancellation);
        while (reader.Read())
            hours.Add(DateTimeOffset.FromUnixTimeSeconds(Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture)));
        return hours;
    }

    private static async Task<DateTimeOffset> FollowedSinceAsync(ClickHouseClient client, CancellationToken cancellation) => DateTimeOffset.FromUnixTimeSeconds(Convert.ToInt64(
        await client.ExecuteScalarAsync($"SELECT toUnixTimestamp(max(taken_at)) FROM {ClickHouseSchema.Taken} WHERE step = 2", cancellationToken: cancellation),
        CultureInfo.InvariantCulture));

    private static async Task<bool> ExistsAsync(ClickHouseClient client, string table, CancellationToken cancellation) =>
        Convert.ToInt32(await client.ExecuteScalarAsync($"EXISTS TABLE {table}", cancellationToken: cancellation), CultureInfo.InvariantCulture) != 0;
}
