using System.Globalization;
using System.Text.RegularExpressions;
using ClickHouse.Driver;
using CronCloud.Backends.History;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>The history dashboard's queries, on ClickHouse with rows that the product wrote.</summary>
public sealed partial class HistoryDashboardTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 60 * 60);

    private ClickHouseServer _server = null!;
    private ClickHouseHistory _history = null!;

    public async Task InitializeAsync()
    {
        _server = await ClickHouseServer.StartAsync();
        _history = new ClickHouseHistory(_server.ConnectionString, TimeProvider.System);
        await _history.OpenAsync(CancellationToken.None);
        await _history.WriteAsync([.. Rows()], CancellationToken.None);
        while (await _history.CountMinutesAsync(TimeProvider.System.GetUtcNow(), CancellationToken.None))
        {
        }
    }

    public async Task DisposeAsync()
    {
        _history.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Every_panel_shows_what_there_is()
    {
        var queries = Dashboards.Queries;
        Assert.True(queries.Count > 15);
        using var client = new ClickHouseClient(_server.ConnectionString);
        var failures = new List<string>();
        foreach (var (panel, sql) in queries)
        {
            var asked = Filled(sql);
            try
            {
                await using var reader = await client.ExecuteReaderAsync(asked);
                if (!reader.Read())
                    failures.Add($"{panel} shows nothing: {asked}");
                else if (Enumerable.Range(0, reader.FieldCount).All(reader.IsDBNull))
                    failures.Add($"{panel} shows null: {asked}");
            }
            catch (ClickHouseServerException refused)
            {
                failures.Add($"{panel}: {refused.Message}\n{asked}");
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    [Fact]
    public async Task Late_are_first_calls_of_what_schedules_named_also_after_an_attempt_was_put_off()
    {
        var due = Now.AddHours(-1);
        HistoryRow Late(string job, int attempt, AttemptResult result, Trigger trigger = Trigger.Schedule) => Row(due, result, lateMs: attempt == 1 ? 6_000 : 9_000, status: null, job: job, attempt: attempt, trigger: trigger);
        await _history.WriteAsync(
            [
                Late("put-off", 1, AttemptResult.PutOff), Late("put-off", 2, AttemptResult.Succeeded),
                Late("late", 1, AttemptResult.Failed), Late("late", 2, AttemptResult.Succeeded),
                Row(due, AttemptResult.Failed, lateMs: 10, status: null, job: "retried"), Late("retried", 2, AttemptResult.Succeeded),
                Late("by-hand", 1, AttemptResult.Succeeded, Trigger.Manual), Late("skipped", 1, AttemptResult.Skipped),
            ],
            CancellationToken.None);

        var panel = Dashboards.Queries.Single(query => query.Panel.EndsWith(": Started late", StringComparison.Ordinal)).Sql;
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs/runbooks/CronCloudLateStarts.md"));
        var runbook = page.Split("```sql")[1].Split("```")[0].Replace("INTERVAL 1 HOUR", "INTERVAL 2 HOUR", StringComparison.Ordinal);
        using var client = new ClickHouseClient(_server.ConnectionString);
        foreach (var (sql, job) in new[] { (Filled(panel), "job"), (runbook, "job_id") })
        {
            await using var reader = await client.ExecuteReaderAsync(sql);
            var late = new List<string>();
            while (reader.Read())
                late.Add((string)reader[job]);
            Assert.Equal(["job", "late", "put-off"], late.Distinct().Order());
        }
    }

    /// <summary>As Grafana and its ClickHouse plugin put in the time range and the variables.</summary>
    private static string Filled(string sql)
    {
        var (from, to) = (Now.AddHours(-6), Now.AddMinutes(5));
        var filled = TimeFilter().Replace(sql, call => $"{call.Groups[1].Value} >= toDateTime({from.ToUnixTimeSeconds()}) AND {call.Groups[1].Value} <= toDateTime({to.ToUnixTimeSeconds()})");
        filled = TimeFilterMs().Replace(filled, call => $"{call.Groups[1].Value} >= fromUnixTimestamp64Milli({from.ToUnixTimeMilliseconds()}) AND {call.Groups[1].Value} <= fromUnixTimestamp64Milli({to.ToUnixTimeMilliseconds()})");
        filled = filled.Replace("${tenant}", "t", StringComparison.Ordinal).Replace("${job}", "job", StringComparison.Ordinal);
        Assert.True(!filled.Contains('$', StringComparison.Ordinal), $"The test does not know a macro or variable of: {filled}");
        return filled;
    }

    /// <summary>One of each kind: succeeded, failed and tried again, dead, late, skipped, missed.</summary>
    private static IEnumerable<HistoryRow> Rows()
    {
        for (var minute = 1; minute <= 10; minute++)
        {
            var due = Now.AddMinutes(-minute);
            yield return Row(due, AttemptResult.Succeeded, lateMs: 40, status: 200);
            yield return Row(due.AddSeconds(10), AttemptResult.Failed, lateMs: 60, status: 503);
            yield return Row(due.AddSeconds(20), AttemptResult.TimedOut, lateMs: 50, status: null, isFinal: true);
            yield return Row(due.AddSeconds(30), AttemptResult.Succeeded, lateMs: 7_000, status: 200);
            yield return Row(due.AddSeconds(40), AttemptResult.Skipped, lateMs: 0, status: null);
            yield return Row(due.AddSeconds(50), AttemptResult.Missed, lateMs: 0, status: null);
        }
    }

    private static HistoryRow Row(DateTimeOffset due, AttemptResult result, int lateMs, int? status, bool isFinal = false, string job = "job", int attempt = 1, Trigger trigger = Trigger.Schedule) => HistoryRow.Of(new Outcome
    {
        Execution = new Execution
        {
            Tenant = "t",
            JobId = job,
            JobVersion = 1,
            ExecutionId = ExecutionId.Of(job, due),
            ScheduledAt = due,
            Trigger = trigger,
            Attempt = attempt,
            Target = new Target(),
            Retry = RetryPolicy.Default,
            TraceParent = TraceParent.New(),
            DispatchedAt = due.AddMilliseconds(lateMs / 2.0),
            DispatchedBy = "node-1",
        },
        Result = result,
        StartedAt = due.AddMilliseconds(lateMs),
        DurationMs = 120,
        Node = "node-1",
        StatusCode = status,
        Error = result == AttemptResult.Succeeded ? null : string.Create(CultureInfo.InvariantCulture, $"it {result}"),
        IsFinal = isFinal,
    });

    [GeneratedRegex(@"\$__timeFilter\(([a-z_]+)\)")]
    private static partial Regex TimeFilter();

    [GeneratedRegex(@"\$__timeFilter_ms\(([a-z_]+)\)")]
    private static partial Regex TimeFilterMs();
}
