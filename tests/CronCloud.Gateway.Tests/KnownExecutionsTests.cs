using CronCloud.Backends.DueIndex;
using CronCloud.Backends.History;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Gateway.Api;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Gateway.Tests;

public sealed class KnownExecutionsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly JobKey Key = new("t", "a");

    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-known-").FullName;
    private readonly FakeTimeProvider _time = new(Now);
    private readonly MemoryDueIndex _index = new();
    private readonly Execution _first = new()
    {
        Tenant = "t",
        JobId = "a",
        JobVersion = 1,
        ExecutionId = ExecutionId.Of("a", Now),
        ScheduledAt = Now,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target(),
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };

    private SqliteHistory _history = null!;
    private KnownExecutions _known = null!;

    public async Task InitializeAsync()
    {
        _history = new SqliteHistory(Path.Combine(_folder, "history.db"), _time);
        await _history.OpenAsync(None);
        _known = new KnownExecutions(new RunningExecutions(_index), _history, _time);
    }

    public Task DisposeAsync()
    {
        _history.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_retry_waits_and_then_runs()
    {
        await RecordAsync(_first, ExecutionStatus.Retrying);
        var second = _first with { Attempt = 2 };
        await _index.ArmAsync(Key.Partition, [DueItem.EntryOf(second, Now)], None);
        Assert.Equal(ExecutionStatus.Retrying, await StatusAsync());

        await FlyAsync(second);
        Assert.Equal(ExecutionStatus.Running, await StatusAsync());
    }

    [Fact]
    public async Task A_long_retry_runs_also_when_what_waited_for_it_is_forgotten()
    {
        await RecordAsync(_first, ExecutionStatus.Retrying);
        var second = _first with { Attempt = 2 };
        await _index.ArmAsync(Key.Partition, [DueItem.EntryOf(second, Now)], None);
        await FlyAsync(second);
        await _index.RemoveAsync(Key.Partition, [.. (await _index.StampAsync(Key.Partition, [second.EntryKey], None)).Values], None);

        Assert.Equal(ExecutionStatus.Running, await StatusAsync());
    }

    [Fact]
    public async Task What_was_redriven_and_has_ended_is_told_with_its_last_attempt()
    {
        await RecordAsync(_first, ExecutionStatus.DeadLettered);
        var second = _first with { Attempt = 2, Trigger = Trigger.Redrive };
        await _index.ArmAsync(Key.Partition, [DueItem.EntryOf(second, Now)], None);
        await FlyAsync(second);
        await _index.LandAsync(Key.Partition, [new Landing(second.AttemptId, null)], Now, None);

        var reading = StatusAsync();
        await RecordAsync(second, ExecutionStatus.Succeeded);
        while (!reading.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(ExecutionStatus.Succeeded, await reading);
    }

    [Fact]
    public async Task An_occurrence_that_was_not_started_is_told_at_once()
    {
        await _index.ArmAsync(Key.Partition, [DueItem.EntryOf(_first, Now)], None);
        await _index.AdvanceAsync(Key.Partition, [new Advance(DueItem.EntryOf(_first, Now), null, null)], Now, None);
        await _history.WriteAsync([RowOf(_first, ExecutionStatus.Skipped) with { Attempt = 0, Result = AttemptResult.Skipped }], None);

        Assert.Equal(ExecutionStatus.Skipped, await StatusAsync());
    }

    private async Task<ExecutionStatus?> StatusAsync() => (await _known.FindAsync(Key, _first.ExecutionId, None))?.Answer.Status;

    private Task FlyAsync(Execution execution) =>
        _index.AdvanceAsync(Key.Partition, [new Advance(DueItem.EntryOf(execution, Now), null, new Flight(execution.AttemptId, Now, execution.ToJson()))], Now, None);

    private Task RecordAsync(Execution execution, ExecutionStatus status) => _history.WriteAsync([RowOf(execution, status)], None);

    private static HistoryRow RowOf(Execution execution, ExecutionStatus status) =>
        HistoryRow.Of(new Outcome { Execution = execution, Result = AttemptResult.Failed, StartedAt = Now, DurationMs = 1, Node = "node" }) with { Status = status };
}
