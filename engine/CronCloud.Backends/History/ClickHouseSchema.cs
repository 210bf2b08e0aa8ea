using System.Globalization;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>
/// The tables of history, and the steps by which an older schema becomes today's. ClickHouse has neither transactions nor locks, and nodes may start together: so each step may
/// be taken again, also after later ones. Steps are only ever added.
/// </summary>
internal static class ClickHouseSchema
{
    public const string Attempts = "croncloud_history";
    public const string MinuteStates = "croncloud_minute_states";
    public const string Minutes = "croncloud_minutes";
    public const string JobMinutes = "croncloud_job_minutes";

    /// <summary>Which minutes were written to, and when last.</summary>
    public const string TouchedMinutes = "croncloud_touched_minutes";

    public const string Taken = "croncloud_schema_steps";

    private static readonly Func<ClickHouseClient, CancellationToken, Task>[] Steps =
    [
        (client, cancellation) => RunAsync(
            client,
            [
                $"""
                CREATE TABLE IF NOT EXISTS {Attempts} (
                  tenant LowCardinality(String),
                  scheduled_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
                  execution_id String CODEC(ZSTD(3)),
                  attempt UInt16 CODEC(ZSTD(1)),
                  job_id String CODEC(ZSTD(3)),
                  status UInt8 CODEC(ZSTD(1)), result UInt8 CODEC(ZSTD(1)), trigger UInt8 CODEC(ZSTD(1)),
                  dispatched_at Nullable(DateTime64(3, 'UTC')) CODEC(T64, ZSTD(1)), dispatched_by LowCardinality(Nullable(String)),
                  started_at DateTime64(3, 'UTC') CODEC(T64, ZSTD(1)), duration_ms UInt64 CODEC(T64, ZSTD(1)),
                  node LowCardinality(String), trace_id String CODEC(ZSTD(1)), status_code Nullable(UInt16) CODEC(ZSTD(1)),
                  error Nullable(String) CODEC(ZSTD(3)), output Nullable(String) CODEC(ZSTD(3)),
                  next_attempt_at Nullable(DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1)), occurrences UInt32 DEFAULT 1 CODEC(ZSTD(1)), last_due Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)), rank UInt32 CODEC(ZSTD(1)),
                  INDEX said {Said} TYPE ngrambf_v1(4, 32768, 3, 0) GRANULARITY 4,
                  INDEX standing status TYPE set(0) GRANULARITY 4,
                  INDEX of_job job_id TYPE bloom_filter(0.01) GRANULARITY 4,
                  PROJECTION by_job (SELECT tenant, job_id, scheduled_at, status ORDER BY tenant, job_id, scheduled_at))
                ENGINE = ReplacingMergeTree(rank) PARTITION BY toYYYYMMDD(scheduled_at) ORDER BY (tenant, scheduled_at, execution_id, attempt, job_id)
                TTL toDateTime(scheduled_at) + INTERVAL 30 DAY SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, deduplicate_merge_projection_mode = 'rebuild'
                """,
                $"""
                CREATE TABLE IF NOT EXISTS {MinuteStates} (
                  tenant LowCardinality(String), minute DateTime('UTC'),
                  occurrences UInt64, started UInt64, succeeded UInt64, retrying UInt64, dead_lettered UInt64, skipped UInt64, missed UInt64, attempts UInt64, failed_attempts UInt64,
                  lateness_p50_ms Int64, lateness_p99_ms Int64, lateness_max_ms Int64, duration_p50_ms Int64, duration_p99_ms Int64, duration_max_ms Int64,
                  lateness AggregateFunction(quantilesExactWeightedArray(0.5, 0.99), Array(Int64), Array(UInt8)) CODEC(ZSTD(1)),
                  duration AggregateFunction(quantilesExactWeightedArray(0.5, 0.99), Array(Int64), Array(UInt8)) CODEC(ZSTD(1)),
                  counted_at DateTime64(9))
                ENGINE = ReplacingMergeTree(counted_at) PARTITION BY toYYYYMMDD(minute) ORDER BY (tenant, minute)
                TTL minute + INTERVAL 30 DAY SETTINGS ttl_only_drop_parts = 1
                """,
                $"""
                CREATE TABLE IF NOT EXISTS {TouchedMinutes} (tenant LowCardinality(String), minute DateTime('UTC'), written_at DateTime64(9))
                ENGINE = ReplacingMergeTree(written_at) PARTITION BY toYYYYMMDD(written_at) ORDER BY (tenant, minute)
                TTL toDateTime(written_at) + INTERVAL 7 DAY SETTINGS ttl_only_drop_parts = 1
                """,
                $"""
                CREATE MATERIALIZED VIEW IF NOT EXISTS croncloud_touching TO {TouchedMinutes} AS
                SELECT tenant, toStartOfMinute(scheduled_at) AS minute, now64(9) AS written_at FROM {Attempts} GROUP BY tenant, minute
                """,
                $"""
                CREATE VIEW IF NOT EXISTS {Minutes} AS
                SELECT tenant, minute, occurrences, started, succeeded, retrying, dead_lettered, skipped, missed, attempts, failed_attempts,
                  lateness_p50_ms, lateness_p99_ms, lateness_max_ms, duration_p50_ms, duration_p99_ms, duration_max_ms
                FROM {MinuteStates} FINAL
                """,
                $"""
                CREATE VIEW IF NOT EXISTS {JobMinutes} AS
                SELECT tenant, job_id, toStartOfMinute(scheduled_at) AS minute, {ClickHouseTallies.Counts}, {ClickHouseTallies.Times}
                FROM ({ClickHouseTallies.Executions($"{Attempts} FINAL")})
                GROUP BY tenant, job_id, minute
                """,
            ],
            cancellation),
        ClickHouseOlder.FollowAsync,
    ];

    /// <summary>What an attempt said, as it is searched: without case, and its error and its output apart.</summary>
    public const string Said = "lowerUTF8(concat(ifNull(error, ''), '\\0', ifNull(output, '')))";

    public static async Task MigrateAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        await client.ExecuteNonQueryAsync($"CREATE TABLE IF NOT EXISTS {Taken} (step UInt16, taken_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY step", cancellationToken: cancellation);
        var done = Convert.ToInt32(await client.ExecuteScalarAsync($"SELECT max(step) FROM {Taken}", cancellationToken: cancellation), CultureInfo.InvariantCulture);
        if (done > Steps.Length)
            throw new InvalidOperationException($"The database has schema step {done} of history; this version of CronCloud knows {Steps.Length}. Run the newer version.");
        for (var step = done + 1; step <= Steps.Length; step++)
        {
            await Steps[step - 1](client, cancellation);
            await client.ExecuteNonQueryAsync(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO {Taken} (step) VALUES ({step})"), cancellationToken: cancellation);
        }
    }

    private static async Task RunAsync(ClickHouseClient client, IEnumerable<string> statements, CancellationToken cancellation)
    {
        foreach (var statement in statements)
            await client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);
    }
}
