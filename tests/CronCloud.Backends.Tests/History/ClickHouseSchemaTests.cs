using ClickHouse.Driver;
using ClickHouse.Driver.Utility;
using CronCloud.Backends.History;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Backends.Tests.History;

/// <summary>The tables in ClickHouse, each test in a database of its own: made, and made of what an older version left.</summary>
[Collection(nameof(RealServers))]
public sealed class ClickHouseSchemaTests(RealServers servers) : IAsyncLifetime, IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset Due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddHours(-30).ToUnixTimeSeconds());

    private readonly string _database = $"d{Guid.NewGuid():N}";
    private string _connectionString = "";
    private ClickHouseClient _client = null!;

    public async Task InitializeAsync()
    {
        var server = (await servers.ClickHouseAsync()).ConnectionString;
        _connectionString = server.Replace("Database=default", $"Database={_database}", StringComparison.Ordinal);
        _client = new ClickHouseClient(_connectionString);
        using var first = new ClickHouseClient(server);
        await first.ExecuteNonQueryAsync($"CREATE DATABASE {_database}");
    }

    public async Task DisposeAsync() => await _client.ExecuteNonQueryAsync($"DROP DATABASE {_database}");

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Whole_days_are_forgotten_after_thirty()
    {
        using var history = await OpenAsync();

        var made = (string)(await _client.ExecuteScalarAsync($"SELECT create_table_query FROM system.tables WHERE database = '{_database}' AND name = 'croncloud_history'"))!;

        Assert.Contains("PARTITION BY toYYYYMMDD(scheduled_at)", made, StringComparison.Ordinal);
        Assert.Contains("TTL toDateTime(scheduled_at) + toIntervalDay(30)", made, StringComparison.Ordinal);
        Assert.Contains("ttl_only_drop_parts = 1", made, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rows_of_the_older_table_are_moved_with_their_minutes()
    {
        await CreateOlderAsync();
        await InsertOlderAsync(Enumerable.Range(0, 100).Select(i => i * 60));
        using var history = await OpenAsync();

        Assert.Empty((await history.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items);
        await TakeInAsync(history);

        await ExpectAsync(history, 100);
    }

    [Fact]
    public async Task Rows_that_an_older_node_writes_meanwhile_follow()
    {
        await CreateOlderAsync();
        await InsertOlderAsync([0, 60]);
        using var history = await OpenAsync();
        await InsertOlderAsync([60, 120]);
        Assert.Equal(2, (await history.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items.Count);
        await TakeInAsync(history);
        await ExpectAsync(history, 3);
        await InsertOlderAsync([180]);

        await ExpectAsync(history, 4);
    }

    [Fact]
    public async Task Hours_are_moved_one_by_one_and_the_newest_first_and_a_node_that_starts_again_goes_on_with_the_rest()
    {
        await CreateOlderAsync();
        await InsertOlderAsync([0, 3 * 3_600, 24 * 3_600]);
        var (found, steps) = (new List<int>(), 0);
        for (var more = true; more; steps++)
        {
            using var history = await OpenAsync();
            more = await history.TakeInOlderAsync(None);
            found.Add((await history.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items.Count);
            if (found[^1] == 1 && (found.Count == 1 || found[^2] == 0))
                Assert.Equal(Due.AddDays(1), (await history.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items.Single().Last.ScheduledAt);
        }

        Assert.Equal(found.Order(), found);
        Assert.Equal([0, 1, 2, 3], found.Distinct().Order().Except([0]).Prepend(0));
        Assert.InRange(steps, 25, 49);
    }

    [Fact]
    public async Task Nothing_is_moved_while_a_write_may_be_under_way_that_began_before_the_old_table_was_followed()
    {
        await CreateOlderAsync();
        await InsertOlderAsync([0]);
        using var history = await OpenAsync();
        using var early = new ClickHouseHistory(_connectionString, TimeProvider.System);
        using var ledger = new ClickHouseLedger(_connectionString, TimeProvider.System);

        Assert.False(await early.TakeInOlderAsync(None));
        Assert.Empty((await history.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items);
        Assert.False(await ledger.IsWholeAsync(None));

        await TakeInAsync(history);
        Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items);
        Assert.True(await ledger.IsWholeAsync(None));
    }

    [Fact]
    public async Task Minutes_that_a_killed_recorder_wrote_to_are_counted_by_the_next_one()
    {
        using (var killed = await OpenAsync())
            await killed.WriteAsync([Row("a", 0), Row("b", 60)], None);

        using var next = await OpenAsync();
        await CountAsync(next);

        Assert.Equal([1L, 1L], (await next.ReadMinutesAsync("t", null, Due.AddMinutes(-1), Due.AddDays(1), None)).Select(m => m.Occurrences));
    }

    [Fact]
    public async Task A_minute_that_was_counted_a_moment_ago_is_left_for_later()
    {
        using var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0)], None);
        var before = TimeProvider.System.GetUtcNow();
        await CountAsync(history);
        await history.WriteAsync([Row("b", 0)], None);

        Assert.False(await history.CountMinutesAsync(before, None));
        Assert.Equal(1, Assert.Single(await history.ReadMinutesAsync("t", null, Due.AddMinutes(-1), Due.AddDays(1), None)).Occurrences);

        await CountAsync(history);
        Assert.Equal(2, Assert.Single(await history.ReadMinutesAsync("t", null, Due.AddMinutes(-1), Due.AddDays(1), None)).Occurrences);
    }

    [Fact]
    public async Task Many_minutes_are_counted_some_at_a_time_each_once()
    {
        using var history = await OpenAsync();
        await history.WriteAsync([.. Enumerable.Range(0, 45).Select(i => Row("a", i * 60) with { Tenant = $"t{i % 3}" })], None);
        var (began, runs) = (TimeProvider.System.GetUtcNow(), 1);
        while (await history.CountMinutesAsync(began, None))
            runs++;

        Assert.Equal(5, runs);
        foreach (var tenant in (string[])["t0", "t1", "t2"])
            Assert.Equal(15, (await history.ReadMinutesAsync(tenant, null, Due.AddMinutes(-1), Due.AddDays(1), None)).Count);
        Assert.Equal(45UL, await _client.ExecuteScalarAsync("SELECT count() FROM croncloud_minute_states"));
    }

    [Fact]
    public async Task What_waits_for_a_retry_is_listed_before_its_minute_is_counted()
    {
        using var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.Failed }], None);

        Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = "t", Status = ExecutionStatus.Retrying }, None)).Items);
    }

    [Fact]
    public async Task Nodes_that_start_together_and_one_that_starts_again_come_to_the_same()
    {
        await CreateOlderAsync();
        await InsertOlderAsync(Enumerable.Range(0, 10).Select(i => i * 60));
        var together = await Task.WhenAll(OpenAsync(), OpenAsync(), OpenAsync());

        // One that died before it had written down that a step was taken.
        await _client.ExecuteNonQueryAsync("TRUNCATE TABLE croncloud_schema_steps");
        using var again = await OpenAsync();
        await Task.WhenAll([TakeInAsync(again), .. together.Select(TakeInAsync)]);

        await ExpectAsync(again, 10);
        foreach (var history in together)
            history.Dispose();
    }

    [Fact]
    public async Task A_newer_schema_is_left_alone()
    {
        (await OpenAsync()).Dispose();
        await _client.ExecuteNonQueryAsync("INSERT INTO croncloud_schema_steps (step) VALUES (99)");

        Assert.Contains("99", (await Assert.ThrowsAsync<InvalidOperationException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    private static async Task ExpectAsync(ClickHouseHistory history, int count)
    {
        await CountAsync(history);
        var page = await history.ListAsync(new HistoryQuery { Tenant = "t", Limit = 200 }, None);
        Assert.Equal(count, page.Items.Count);
        Assert.All(page.Items, e => Assert.Equal((ExecutionStatus.Succeeded, null), (e.Last.Status, e.Last.DispatchedAt)));
        Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = "t", Text = "said 60." }, None)).Items);
        var minutes = await history.ReadMinutesAsync("t", null, Due, Due.AddDays(1), None);
        Assert.Equal((count, count, 7), (minutes.Sum(m => m.Occurrences), minutes.Sum(m => m.Succeeded), minutes.Max(m => m.LatenessMaxMs)));
    }

    private static async Task TakeInAsync(ClickHouseHistory history)
    {
        while (await history.TakeInOlderAsync(None))
        {
        }
    }

    /// <summary>All that was written so far is counted.</summary>
    private static async Task CountAsync(ClickHouseHistory history)
    {
        var began = TimeProvider.System.GetUtcNow();
        while (await history.CountMinutesAsync(began, None))
        {
        }
    }

    private static HistoryRow Row(string job, int seconds) => new()
    {
        Tenant = "t",
        JobId = job,
        ExecutionId = ExecutionId.Of(job, Due.AddSeconds(seconds)),
        ScheduledAt = Due.AddSeconds(seconds),
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Status = ExecutionStatus.Succeeded,
        Result = AttemptResult.Succeeded,
        StartedAt = Due.AddSeconds(seconds),
        DurationMs = 1,
        Node = "n",
        TraceId = "f",
    };

    /// <summary>By a clock that is past the moment for which the move waits.</summary>
    private async Task<ClickHouseHistory> OpenAsync()
    {
        var history = new ClickHouseHistory(_connectionString, new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddMinutes(2)));
        await history.OpenAsync(None);
        return history;
    }

    /// <summary>As the version before steps made it.</summary>
    private Task CreateOlderAsync() => _client.ExecuteNonQueryAsync(
        """
        CREATE TABLE croncloud_attempts (
          tenant LowCardinality(String), job_id String, scheduled_at DateTime64(3, 'UTC'), execution_id String, attempt UInt16,
          status UInt8, result UInt8, trigger UInt8, started_at DateTime64(3, 'UTC'), duration_ms UInt64,
          node LowCardinality(String), trace_id String, status_code Nullable(UInt16), error Nullable(String), output Nullable(String), next_attempt_at Nullable(DateTime64(3, 'UTC')), occurrences UInt32 DEFAULT 1, last_due Nullable(DateTime64(3, 'UTC')))
        ENGINE = ReplacingMergeTree PARTITION BY toYYYYMMDD(scheduled_at) ORDER BY (tenant, job_id, scheduled_at, execution_id, attempt)
        TTL toDateTime(scheduled_at) + INTERVAL 30 DAY SETTINGS ttl_only_drop_parts = 1
        """);

    private async Task InsertOlderAsync(IEnumerable<int> seconds)
    {
        var rows = seconds.Select(s => (At: Due.AddSeconds(s), Second: s)).Select(r =>
            $"('t', 'a', fromUnixTimestamp64Milli({r.At.ToUnixTimeMilliseconds()}), '{ExecutionId.Of("a", r.At)}', 1, 2, 0, 0, fromUnixTimestamp64Milli({r.At.ToUnixTimeMilliseconds() + 7}), 9, 'n', 'f', 200, 'said {r.Second}.')");
        await _client.ExecuteNonQueryAsync($"INSERT INTO croncloud_attempts (tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, started_at, duration_ms, node, trace_id, status_code, output) VALUES {string.Join(", ", rows)}");
    }
}
