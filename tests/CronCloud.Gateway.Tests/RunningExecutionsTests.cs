using CronCloud.Backends.DueIndex;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Gateway.Api;

namespace CronCloud.Gateway.Tests;

public sealed class RunningExecutionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly JobKey Key = new("t", "a");

    private readonly MemoryDueIndex _index = new();
    private readonly RunningExecutions _running;

    public RunningExecutionsTests() => _running = new RunningExecutions(_index);

    [Fact]
    public async Task A_long_attempt_is_found_however_many_others_end_before_it()
    {
        for (var i = 0; i < 1_001; i++)
            await FlyAsync(OccurrenceOf("other", i), deadline: i);
        await FlyAsync(OccurrenceOf("a", 0), deadline: 10_000);

        Assert.Equal(1, (await _running.FindAsync(Key, OccurrenceOf("a", 0).ExecutionId, None))?.Execution?.Attempt);
        Assert.Single((await _running.ListAsync(Query, None)).Items);
    }

    [Fact]
    public async Task The_attempt_that_runs_now_is_found_by_what_waited_for_it()
    {
        var third = OccurrenceOf("a", 0) with { Attempt = 3 };
        await _index.ArmAsync(Key.Partition, [DueItem.EntryOf(third, Now)], None);
        Assert.Equal((3, true), await FoundAsync(third));

        await _index.AdvanceAsync(Key.Partition, [new Advance(DueItem.EntryOf(third, Now), null, new Flight(third.AttemptId, Now, third.ToJson()))], Now, None);
        Assert.Equal((3, false), await FoundAsync(third));

        await _index.LandAsync(Key.Partition, [new Landing(third.AttemptId, null)], Now, None);
        Assert.Equal(new IndexedAttempt(3, null, Waits: false), await _running.FindAsync(Key, third.ExecutionId, None));
    }

    [Fact]
    public async Task A_list_has_one_tenants_job_only_and_goes_on_behind_its_cursor()
    {
        for (var i = 0; i < 5; i++)
            await FlyAsync(OccurrenceOf("a", i), deadline: 60);
        await FlyAsync(OccurrenceOf("a", 2) with { Tenant = "other" }, deadline: 60);
        await FlyAsync(OccurrenceOf("ab", 2), deadline: 60);

        var first = await _running.ListAsync(Query with { Limit = 2 }, None);
        var second = await _running.ListAsync(Query with { Limit = 2, After = HistoryCursor.Parse(first.NextCursor!) }, None);
        var third = await _running.ListAsync(Query with { Limit = 2, After = HistoryCursor.Parse(second.NextCursor!) }, None);

        Assert.Equal([4, 3, 2, 1, 0], new[] { first, second, third }.SelectMany(p => p.Items).Select(e => (int)(e.ScheduledAt - Now).TotalSeconds));
        Assert.Null(third.NextCursor);
        Assert.Equal(2, (await _running.ListAsync(Query with { From = Now.AddSeconds(1), To = Now.AddSeconds(3) }, None)).Items.Count);
    }

    private static HistoryQuery Query => new() { Tenant = "t", JobId = "a", Status = ExecutionStatus.Running };

    private async Task<(int?, bool?)> FoundAsync(Execution execution)
    {
        var found = await _running.FindAsync(Key, execution.ExecutionId, None);
        return (found?.Execution?.Attempt, found?.Waits);
    }

    /// <summary>All in one partition, as if their jobs' hashes were the same.</summary>
    private async Task FlyAsync(Execution execution, int deadline)
    {
        var entry = new DueEntry($"{execution.Job}~1@{execution.ScheduledAt.ToUnixTimeMilliseconds()}", 1, Now, new byte[1]) { Until = Now };
        await _index.ArmAsync(Key.Partition, [entry], None);
        await _index.AdvanceAsync(Key.Partition, [new Advance(entry, null, new Flight(execution.AttemptId, Now.AddSeconds(deadline), execution.ToJson()))], Now, None);
    }

    private static Execution OccurrenceOf(string job, int seconds) => new()
    {
        Tenant = "t",
        JobId = job,
        JobVersion = 1,
        ExecutionId = ExecutionId.Of(job, Now.AddSeconds(seconds)),
        ScheduledAt = Now.AddSeconds(seconds),
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target(),
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };
}
