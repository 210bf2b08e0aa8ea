using System.Diagnostics;
using CronCloud.Backends.DueIndex;
using CronCloud.Backends.History;
using CronCloud.Backends.Sql;
using CronCloud.Core.Ledger;
using CronCloud.Engine.Ledger;
using CronCloud.TestServers;
using Npgsql;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// One hour of a tenant with many jobs, each due once in it, in PostgreSQL and ClickHouse: the servers make the jobs and the rows themselves, but for one row that is
/// left out and one that no schedule named. The product closes the hour, and must name the two.
/// </summary>
internal static class LedgerOfAnHour
{
    private const string Tenant = "acme";
    private static readonly CancellationToken None = CancellationToken.None;

    public static async Task<LedgerMeasured> RunAsync(Arguments arguments)
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var clickHouse = await ClickHouseServer.StartAsync();
        using var database = SqlDatabase.PostgreSql(postgres.ConnectionString);
        using var history = new ClickHouseHistory(clickHouse.ConnectionString, TimeProvider.System);
        using var ledger = new ClickHouseLedger(clickHouse.ConnectionString, TimeProvider.System);
        await database.OpenAsync(None);
        await history.OpenAsync(None);
        var hour = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddHours(-3).ToUnixTimeSeconds() / 3_600 * 3_600);
        await MakeJobsAsync(postgres.ConnectionString, arguments.Jobs, hour.AddDays(-7));
        using var sql = new EngineSql(clickHouse.Port);
        await MakeRowsAsync(sql, arguments.Jobs, hour);

        var reckoning = new Reckoning(new LedgerParts(new SqlRevisionLog(database), ledger, history, new OpenOccurrences(new MemoryDueIndex())), Tenant, hour, hour.AddHours(1));
        var (steps, longest, cpu, started) = (0, TimeSpan.Zero, Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
        while (!reckoning.HasEnded)
        {
            var began = Stopwatch.GetTimestamp();
            await reckoning.StepAsync(None);
            longest = Stopwatch.GetElapsedTime(began) > longest ? Stopwatch.GetElapsedTime(began) : longest;
            steps++;
        }

        var took = Stopwatch.GetElapsedTime(started);
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        var counting = Stopwatch.GetTimestamp();
        await reckoning.CountAsync(None);
        return Measured(arguments.Jobs, reckoning.Result) with
        {
            Steps = steps,
            Seconds = Math.Round(took.TotalSeconds, 1),
            JobsPerSecond = Math.Round(arguments.Jobs / took.TotalSeconds),
            LongestStepMs = Math.Round(longest.TotalMilliseconds),
            CpuSeconds = Math.Round(cpu.TotalSeconds, 1),
            CountMs = Math.Round(Stopwatch.GetElapsedTime(counting).TotalMilliseconds),
            PeakMemoryMb = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
        };
    }

    private static LedgerMeasured Measured(int jobs, LedgerHour hour) => new()
    {
        Jobs = jobs,
        Expected = hour.Expected,
        Missing = hour.Missing,
        Unexpected = hour.Unexpected,
        Named = [.. hour.Jobs.Select(job => job.JobId)],
        Steps = 0,
        Seconds = 0,
        JobsPerSecond = 0,
        LongestStepMs = 0,
        CpuSeconds = 0,
        CountMs = 0,
        PeakMemoryMb = 0,
    };

    /// <summary>Job n is due at second n mod 3600 of every hour.</summary>
    private static async Task MakeJobsAsync(string connectionString, int jobs, DateTimeOffset madeAt)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var insert = new NpgsqlCommand(
            $$"""
            INSERT INTO revisions (tenant, job_id, version, at, made_by, action, state, definition)
            SELECT '{{Tenant}}', 'job-' || lpad(n::text, 8, '0'), 1, {{madeAt.ToUnixTimeMilliseconds()}}, 'loadtest', 'created', 0,
              '{"tags":{"team":"data"},"schedule":{' ||
              CASE WHEN n % 2 = 0
                THEN '"every":"1h","anchor":"' || to_char(to_timestamp({{madeAt.ToUnixTimeSeconds()}} + n % 3600) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '"'
                ELSE '"cron":"' || n % 60 || ' ' || (n % 3600) / 60 || ' * * * *"' END ||
              '},' || @target || '}'
            FROM generate_series(0, {{jobs - 1}}) AS n;
            INSERT INTO jobs (tenant, id, part, version, state, definition, destination, tags, search, created_at, updated_at)
            SELECT tenant, job_id, 0, version, state, definition, 'example.com', '', job_id, at, at FROM revisions;
            ANALYZE revisions;
            ANALYZE jobs;
            """,
            connection)
        { CommandTimeout = 600 };
        insert.Parameters.AddWithValue("target", """
            "target":{"http":{"url":"https://example.com/hooks/orders","headers":{"X-Team":"data"}}}
            """);
        await insert.ExecuteNonQueryAsync();
    }

    /// <summary>All but that of job 4711, and one of job 815 a second too late.</summary>
    private static async Task MakeRowsAsync(EngineSql sql, int jobs, DateTimeOffset hour)
    {
        string Row(string due) =>
            $"""
            '{Tenant}' AS tenant, concat('job-', leftPad(toString(number), 8, '0')) AS job_id, toDateTime({due}, 'UTC') AS scheduled_at,
            concat(job_id, '@', formatDateTime(scheduled_at, '%Y%m%dT%H%i%SZ')) AS execution_id, 1 AS attempt, 2 AS status, 0 AS result, 0 AS trigger,
            scheduled_at AS started_at, 84 AS duration_ms, 'engine-1' AS node, lower(hex(cityHash64(number))) AS trace_id, 200 AS status_code, 'OK' AS output, 4000000000 AS rank
            """;
        const string Columns = "tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, started_at, duration_ms, node, trace_id, status_code, output, rank";
        await sql.RunAsync($"INSERT INTO croncloud_history ({Columns}) SELECT {Row($"toUInt32({hour.ToUnixTimeSeconds()} + number % 3600)")} FROM numbers({jobs}) WHERE number != 4711");
        await sql.RunAsync($"INSERT INTO croncloud_history ({Columns}) SELECT {Row($"toUInt32({hour.ToUnixTimeSeconds() + 816})")} FROM numbers(815, 1)");
    }
}
