using ClickHouse.Driver;
using ClickHouse.Driver.Utility;
using CronCloud.Backends.History;
using CronCloud.Core.Executions;
using CronCloud.Core.History;

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

        await ExpectAsync(history, 100);
    }

    [Fact]
    public async Task Rows_that_an_older_node_writes_meanwhile_follow()
    {
        await CreateOlderAsync();
        await InsertOlderAsync([0, 60]);
        using var history = await OpenAsync();
        await InsertOlderAsync([60, 120]);

        Assert.Equal(3, (await history.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items.Count);
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
        var page = await history.ListAsync(new HistoryQuery { Tenant = "t", Limit = 200 }, None);
        Assert.Equal(count, page.Items.Count);
        Assert.All(page.Items, e => Assert.Equal((ExecutionStatus.Succeeded, null), (e.Last.Status, e.Last.DispatchedAt)));
        Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = "t", Text = "said 60." }, None)).Items);
        var minutes = await history.ReadMinutesAsync("t", null, Due, Due.AddDays(1), None);
        Assert.Equal((count, count, 7), (minutes.Sum(m => m.Occurrences), minutes.Sum(m => m.Succeeded), minutes.Max(m => m.LatenessMaxMs)));
    }

    private async Task<ClickHouseHistory> OpenAsync()
    {
        var history = new ClickHouseHistory(_connectionString, TimeProvider.System);
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
