using System.Diagnostics;
using System.Globalization;
using CronCloud.Backends.History;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.History;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// A whole day of attempts in ClickHouse, all in one partition. The server makes them itself, a slice of the day at a time; their minutes are counted as the product counts them, and
/// the product is asked and timed. At last the product writes batches and counts their minutes beside, as its recorder does.
/// </summary>
internal static class HistoryDay
{
    private const int Slice = 500_000;
    private const int Batch = 5_000;

    /// <summary>Executions to the attempts of a thousand: some are tried again.</summary>
    private const double AttemptsPerExecution = 1.024;

    public static async Task<HistoryMeasured> RunAsync(Arguments arguments)
    {
        await using var server = await ClickHouseServer.StartAsync();
        using var sql = new EngineSql(server.Port);
        using var history = new ClickHouseHistory(server.ConnectionString, TimeProvider.System);
        await history.OpenAsync(CancellationToken.None);

        var day = new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(-1), TimeSpan.Zero);
        var executions = (long)(arguments.Rows / AttemptsPerExecution);
        var madeIn = await MakeAsync(sql, day, arguments.Jobs, executions);
        await history.CountMinutesAsync(day, day.AddDays(1), CancellationToken.None);
        await UntilMergedAsync(sql);
        var rows = (await sql.RunAsync("SELECT sum(rows), count(), sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'croncloud_history'"))[0];
        var bytes = await BytesAsync(sql, Number(rows[0]));
        var queries = await HistoryQueries.RunAsync(history, day, executions, arguments.Jobs);
        var (written, worst, took) = await WriteAsync(history, arguments.Seconds);

        return new HistoryMeasured
        {
            Rows = Number(rows[0]),
            Executions = executions,
            MadeRowsPerSecond = Math.Round(Number(rows[0]) / madeIn.TotalSeconds),
            BytesPerRow = PerRow(Number(rows[2]), Number(rows[0])),
            GigabytesOfThirtyDays = Math.Round(PerRow(Number(rows[2]), Number(rows[0])) * 1.5, 1),
            Parts = (int)Number(rows[1]),
            Bytes = bytes,
            Queries = queries,
            WrittenRowsPerSecond = Math.Round(written / took.TotalSeconds),
            WrittenRows = written,
            WorstWriteMs = Math.Round(worst.TotalMilliseconds),
            ServerPeakMemoryMb = server.PeakMemoryMb,
        };
    }

    private static async Task<TimeSpan> MakeAsync(EngineSql sql, DateTimeOffset day, int jobs, long executions)
    {
        var started = Stopwatch.GetTimestamp();
        var interval = 86_400.0 * jobs / executions;
        for (long from = 0; from < executions; from += Slice)
        {
            await sql.RunAsync(HistorySource.Insert(day.ToUnixTimeSeconds(), jobs, interval, from, Math.Min(Slice, executions - from)));
            if (from / Slice % 10 == 9)
                Console.WriteLine($"{from + Slice} executions in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
        }

        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Until the server has merged what it made so fast; a day's rows come over a day otherwise.</summary>
    private static async Task UntilMergedAsync(EngineSql sql)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(2) && Number((await sql.RunAsync("SELECT count() FROM system.merges"))[0][0]) > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
    }

    private static async Task<IReadOnlyList<PartBytes>> BytesAsync(EngineSql sql, long rows) =>
    [
        .. (await sql.RunAsync(
            """
            SELECT * FROM (
              SELECT column, sum(column_data_compressed_bytes + column_marks_bytes) AS bytes FROM system.parts_columns WHERE active AND table = 'croncloud_history' GROUP BY column
              UNION ALL SELECT 'indexes', sum(secondary_indices_compressed_bytes) FROM system.parts WHERE active AND table = 'croncloud_history'
              UNION ALL SELECT concat('projection ', name), sum(bytes_on_disk) FROM system.projection_parts WHERE active AND table = 'croncloud_history' GROUP BY name
              UNION ALL SELECT 'all of the minutes', sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'croncloud_minute_states')
            ORDER BY bytes DESC
            """)).Select(line => new PartBytes(line[0], PerRow(Number(line[1]), rows))),
    ];

    private static async Task<(long Rows, TimeSpan Worst, TimeSpan Took)> WriteAsync(ClickHouseHistory history, int seconds)
    {
        using var stop = new CancellationTokenSource();
        var counting = CountAsync(history, stop.Token);
        var (rows, worst, started) = (0L, TimeSpan.Zero, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(seconds))
        {
            var batch = Enumerable.Range(0, Batch).Select(i => Row(rows + i)).ToList();
            var began = Stopwatch.GetTimestamp();
            await history.WriteAsync(batch, CancellationToken.None);
            var took = Stopwatch.GetElapsedTime(began);
            worst = took > worst ? took : worst;
            rows += Batch;
        }

        var measured = (rows, worst, Stopwatch.GetElapsedTime(started));
        await stop.CancelAsync();
        await counting;
        return measured;
    }

    private static async Task CountAsync(ClickHouseHistory history, CancellationToken stop)
    {
        var loop = new HistoryMinutes(history, TimeProvider.System);
        while (!stop.IsCancellationRequested)
            await Task.WhenAny(Task.Delay(await loop.RunOnceAsync(CancellationToken.None), TimeProvider.System, stop));
    }

    private static HistoryRow Row(long number)
    {
        var due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 1);
        var job = $"written-{number % 50_000}";
        return new HistoryRow
        {
            Tenant = HistorySource.Tenant,
            JobId = job,
            ExecutionId = ExecutionId.Manual(job, due, $"{number:x8}"),
            ScheduledAt = due,
            Trigger = Trigger.Manual,
            Attempt = 1,
            Status = ExecutionStatus.Succeeded,
            Result = AttemptResult.Succeeded,
            DispatchedAt = due.AddMilliseconds(number % 40),
            DispatchedBy = "engine-1",
            StartedAt = due.AddMilliseconds(50 + (number % 30)),
            DurationMs = number % 977,
            Node = "engine-2",
            TraceId = $"{number * 2_654_435_761:x16}{number * 40_503:x16}",
            StatusCode = 200,
            Output = $$"""{"status":"ok","processed":{{number % 5_000}},"requestId":"{{number * 2_654_435_761:x16}}"}""",
        };
    }

    private static double PerRow(long bytes, long rows) => Math.Round((double)bytes / rows, 2);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
