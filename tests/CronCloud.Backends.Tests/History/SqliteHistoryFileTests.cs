using CronCloud.Backends.History;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Backends.Tests.History;

/// <summary>The file of the SQLite twin: what older versions left, and what thirty days leave.</summary>
public sealed class SqliteHistoryFileTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public SqliteHistoryFileTests() => _path = Path.Combine(_folder.Path, "history.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(", occurrences, last_due", ", occurrences INTEGER NOT NULL DEFAULT 1, last_due INTEGER NULL", ", 1, NULL")]
    [InlineData("", "", "")]
    public async Task A_file_of_an_older_version_keeps_its_rows_and_they_are_found(string columns, string definitions, string values)
    {
        var at = Now.AddMinutes(-5).ToUnixTimeMilliseconds();
        await RunAsync(
            $"""
            CREATE TABLE attempts (
              tenant TEXT NOT NULL, job_id TEXT NOT NULL, scheduled_at INTEGER NOT NULL, execution_id TEXT NOT NULL, attempt INTEGER NOT NULL,
              status INTEGER NOT NULL, result INTEGER NOT NULL, trigger INTEGER NOT NULL, started_at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
              node TEXT NOT NULL, trace_id TEXT NOT NULL, status_code INTEGER NULL, error TEXT NULL, output TEXT NULL, next_attempt_at INTEGER NULL{definitions},
              PRIMARY KEY (tenant, job_id, scheduled_at, execution_id, attempt)) WITHOUT ROWID;
            CREATE INDEX attempts_newest ON attempts (tenant, scheduled_at DESC, execution_id DESC);
            CREATE INDEX attempts_oldest ON attempts (scheduled_at);
            INSERT INTO attempts (tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, started_at, duration_ms, node, trace_id, status_code, error, output, next_attempt_at{columns})
              VALUES ('t', 'a', {at}, 'a@20261201T025500Z', 1, 3, 1, 0, {at} + 7, 9, 'n', 'f', 500, 'Größe stimmt nicht', NULL, NULL{values});
            """);
        using var history = await OpenAsync();

        var found = Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = "t", Text = "GRÖßE" }, None)).Items).Last;

        Assert.Equal(("a@20261201T025500Z", ExecutionStatus.DeadLettered, 500, 1, null), (found.ExecutionId, found.Status, found.StatusCode, found.Occurrences, found.DispatchedAt));
        await history.WriteAsync([found with { Status = ExecutionStatus.Retrying, Error = "later" }], None);
        Assert.Equal("Größe stimmt nicht", (await history.FindAsync(new JobKey("t", "a"), found.ExecutionId, None))!.Last.Error);
        using var again = await OpenAsync();
        Assert.Single((await again.ListAsync(new HistoryQuery { Tenant = "t" }, None)).Items);
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_left_alone()
    {
        await RunAsync("PRAGMA user_version = 99");

        Assert.Contains("99", (await Assert.ThrowsAsync<InvalidOperationException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_forgotten_leaves_the_text_index_too()
    {
        using var history = await OpenAsync();
        await history.WriteAsync([.. Enumerable.Range(0, 10).Select(i => Row(Now.AddDays(-31).AddMinutes(i))), .. Enumerable.Range(0, 4).Select(i => Row(Now.AddMinutes(i)))], None);
        Assert.Equal(14, await CountAsync("attempts_text"));

        Assert.Equal(6, await history.PruneAsync(Now.AddDays(-30), 6, None));
        Assert.Equal(4, await history.PruneAsync(Now.AddDays(-30), 6, None));
        Assert.Equal(0, await history.PruneAsync(Now.AddDays(-30), 6, None));

        Assert.Equal((4, 4), (await CountAsync("attempts"), await CountAsync("attempts_text")));
        Assert.Equal(4, (await history.ListAsync(new HistoryQuery { Tenant = "t", Text = "said" }, None)).Items.Count);
    }

    [Fact]
    public async Task A_text_that_was_replaced_is_not_found_any_more()
    {
        using var history = await OpenAsync();
        var row = Row(Now);
        await history.WriteAsync([row with { Result = AttemptResult.Failed, Status = ExecutionStatus.Retrying, Output = "the first answer" }], None);
        await history.WriteAsync([row with { Output = "the second answer" }], None);

        Assert.Empty((await history.ListAsync(new HistoryQuery { Tenant = "t", Text = "first" }, None)).Items);
        Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = "t", Text = "second" }, None)).Items);
        Assert.Equal(1, await CountAsync("attempts_text"));
    }

    private static HistoryRow Row(DateTimeOffset at) => new()
    {
        Tenant = "t",
        JobId = "a",
        ExecutionId = ExecutionId.Of("a", at),
        ScheduledAt = at,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Status = ExecutionStatus.Succeeded,
        Result = AttemptResult.Succeeded,
        StartedAt = at,
        DurationMs = 1,
        Node = "n",
        TraceId = "0",
        Output = "what it said",
    };

    private async Task<SqliteHistory> OpenAsync()
    {
        var history = new SqliteHistory(_path, new FakeTimeProvider(Now));
        await history.OpenAsync(None);
        return history;
    }

    private Task RunAsync(string sql) => ScalarAsync(sql);

    private async Task<int> CountAsync(string table) => (int)(long)(await ScalarAsync($"SELECT COUNT(*) FROM {table}"))!;

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={_path}");
        await connection.OpenAsync();
        await using var command = new SqliteCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
