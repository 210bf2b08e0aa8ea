using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.Tests.History;

/// <summary>What every history must do.</summary>
public abstract partial class HistoryContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Recent, since history drops what is older than 30 days.</summary>
    private static readonly DateTimeOffset Due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddHours(-1).ToUnixTimeSeconds());

    /// <summary>Tests share a server, but no tenant.</summary>
    private readonly string _tenant = $"t{Guid.NewGuid():N}";

    protected abstract Task<IHistory> OpenAsync();

    [Fact]
    public async Task An_execution_comes_back_with_its_attempts_by_number()
    {
        var history = await OpenAsync();
        var (first, second) = (
            Row("a", 0, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.TimedOut, DispatchedAt = null, DispatchedBy = null, StatusCode = null, Error = "no answer", Output = null, NextAttemptAt = Due.AddMilliseconds(10_250) },
            Row("a", 0, 2) with { Output = "käse \"quoted\" \\ \n line", StatusCode = 204 });
        await history.WriteAsync([second, first], None);

        var read = (await history.FindAsync(new JobKey(_tenant, "a"), first.ExecutionId, None))!;

        Assert.Equal([first, second], read.Attempts);
        Assert.Null(await history.FindAsync(new JobKey(_tenant, "a"), "a@20200101T000000Z", None));
        Assert.Null(await history.FindAsync(new JobKey("other", "a"), first.ExecutionId, None));
    }

    [Fact]
    public async Task A_row_written_again_is_one_row()
    {
        var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0, 1), Row("a", 1, 1)], None);
        await history.WriteAsync([Row("a", 0, 1)], None);

        Assert.Single((await history.FindAsync(new JobKey(_tenant, "a"), Row("a", 0, 1).ExecutionId, None))!.Attempts);
        Assert.Equal(2, (await history.ListAsync(Query(), None)).Items.Count);
    }

    [Fact]
    public async Task A_list_is_newest_first_and_pages_are_stable_under_inserts()
    {
        var history = await OpenAsync();
        await history.WriteAsync([.. Enumerable.Range(0, 5).Select(i => Row("a", i, 1)), Row("b", 2, 1)], None);

        var first = await history.ListAsync(Query() with { Limit = 2 }, None);
        await history.WriteAsync([Row("a", 9, 1)], None);
        var second = await history.ListAsync(Query() with { Limit = 2, After = HistoryCursor.Parse(first.NextCursor!) }, None);
        var third = await history.ListAsync(Query() with { Limit = 2, After = HistoryCursor.Parse(second.NextCursor!) }, None);

        Assert.Equal([Id("a", 4), Id("a", 3), Id("b", 2), Id("a", 2), Id("a", 1), Id("a", 0)], new[] { first, second, third }.SelectMany(p => p.Items).Select(e => e.Last.ExecutionId));
        Assert.Null(third.NextCursor);
    }

    [Fact]
    public async Task An_execution_is_found_by_the_due_time_in_its_id()
    {
        var history = await OpenAsync();
        var at = Due.AddMilliseconds(250);
        var (fraction, manual) = (ExecutionId.Of("a", at), ExecutionId.Manual("a", at, "0f"));
        await history.WriteAsync([Row("a", 0, 1) with { ScheduledAt = at, ExecutionId = fraction }, Row("a", 0, 1) with { ScheduledAt = at, ExecutionId = manual }], None);

        Assert.Equal(fraction, (await history.FindAsync(new JobKey(_tenant, "a"), fraction, None))?.Last.ExecutionId);
        Assert.Equal(manual, (await history.FindAsync(new JobKey(_tenant, "a"), manual, None))?.Last.ExecutionId);
        Assert.Null(await history.FindAsync(new JobKey(_tenant, "a"), "a@yesterday", None));
    }

    [Fact]
    public async Task Attempts_of_many_executions_are_found_at_once()
    {
        var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0, 1), Row("a", 0, 2), Row("a", 1, 1), Row("b", 7, 1)], None);

        var rows = await history.FindAttemptsAsync([ExecutionOf("a", 0), ExecutionOf("b", 7), ExecutionOf("c", 3)], None);

        Assert.Equal([("a", 1), ("a", 2), ("b", 1)], rows.Select(r => (r.JobId, r.Attempt)).Order());
        Assert.All(rows, r => Assert.Equal("fine", r.Output));
        Assert.Empty(await history.FindAttemptsAsync([], None));
        Assert.Equal(3, (await history.FindAttemptsAsync([.. Enumerable.Range(100, 2_000).Select(i => ExecutionOf($"it's {i}", i)), ExecutionOf("a", 0), ExecutionOf("b", 7)], None)).Count);
    }

    [Fact]
    public async Task Attempts_of_several_tenants_executions_are_found_at_once_and_not_mixed()
    {
        var (history, other) = (await OpenAsync(), $"{_tenant}-other");
        await history.WriteAsync([Row("a", 0, 1), Row("a", 1, 1) with { Tenant = other }, Row("b", 7, 1) with { Tenant = other }], None);

        var rows = await history.FindAttemptsAsync([ExecutionOf("a", 0), ExecutionOf("a", 1), ExecutionOf("b", 7) with { Tenant = other }], None);

        Assert.Equal([(_tenant, Id("a", 0)), (other, Id("b", 7))], rows.Select(r => (r.Tenant, r.ExecutionId)).Order());
    }

    public static TheoryData<AttemptResult, ExecutionStatus, AttemptResult, ExecutionStatus> SecondRuns => new()
    {
        { AttemptResult.Succeeded, ExecutionStatus.Succeeded, AttemptResult.Failed, ExecutionStatus.Retrying },
        { AttemptResult.Succeeded, ExecutionStatus.Succeeded, AttemptResult.TimedOut, ExecutionStatus.DeadLettered },
        { AttemptResult.Succeeded, ExecutionStatus.Succeeded, AttemptResult.PutOff, ExecutionStatus.Retrying },
        { AttemptResult.Refused, ExecutionStatus.Retrying, AttemptResult.PutOff, ExecutionStatus.Retrying },
        { AttemptResult.Failed, ExecutionStatus.DeadLettered, AttemptResult.Failed, ExecutionStatus.Retrying },
        { AttemptResult.Failed, ExecutionStatus.Retrying, AttemptResult.Skipped, ExecutionStatus.Skipped },
        { AttemptResult.Skipped, ExecutionStatus.Skipped, AttemptResult.PutOff, ExecutionStatus.Retrying },
    };

    [Theory]
    [MemberData(nameof(SecondRuns))]
    public async Task Of_two_rows_of_an_attempt_the_one_that_ended_it_stays_whichever_comes_first(AttemptResult ends, ExecutionStatus ended, AttemptResult other, ExecutionStatus stood)
    {
        var history = await OpenAsync();
        HistoryRow Ends(string job) => Row(job, 0, 1) with { Result = ends, Status = ended, Output = "the end" };
        HistoryRow Other(string job) => Row(job, 0, 1) with { Result = other, Status = stood, Output = "something else" };
        await history.WriteAsync([Ends("a"), Other("b"), Ends("c"), Other("c"), Other("d"), Ends("d")], None);
        await history.WriteAsync([Other("a"), Ends("b")], None);

        foreach (var job in (string[])["a", "b", "c", "d"])
            Assert.Equal([Ends(job)], (await history.FindAsync(new JobKey(_tenant, job), Id(job, 0), None))!.Attempts);
        Assert.Equal([Id("d", 0), Id("c", 0), Id("b", 0), Id("a", 0)], await IdsAsync(history, Query() with { Status = ended }));
        if (stood != ended)
            Assert.Empty(await IdsAsync(history, Query() with { Status = stood }));
        Assert.Empty(await IdsAsync(history, Query() with { Text = "else" }));
    }

    [Fact]
    public async Task A_range_that_is_told_again_and_reaches_further_stays_when_the_shorter_one_comes_again()
    {
        var history = await OpenAsync();
        HistoryRow Range(int count) => Row("a", 0, 0) with { Status = ExecutionStatus.Missed, Result = AttemptResult.Missed, Occurrences = count, LastDue = Due.AddSeconds(count - 1) };
        await history.WriteAsync([Range(3)], None);
        await history.WriteAsync([Range(30)], None);
        await history.WriteAsync([Range(3)], None);

        Assert.Equal(30, (await history.FindAsync(new JobKey(_tenant, "a"), Id("a", 0), None))!.Last.Occurrences);
    }

    private HistoryQuery Query() => new() { Tenant = _tenant };

    private static string Id(string job, int seconds) => ExecutionId.Of(job, Due.AddSeconds(seconds));

    private Execution ExecutionOf(string job, int seconds) => new()
    {
        Tenant = _tenant,
        JobId = job,
        JobVersion = 1,
        ExecutionId = Id(job, seconds),
        ScheduledAt = Due.AddSeconds(seconds),
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target(),
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };

    private HistoryRow Row(string job, int seconds, int attempt) => new()
    {
        Tenant = _tenant,
        JobId = job,
        ExecutionId = Id(job, seconds),
        ScheduledAt = Due.AddSeconds(seconds),
        Trigger = Trigger.Schedule,
        Attempt = attempt,
        Status = ExecutionStatus.Succeeded,
        Result = AttemptResult.Succeeded,
        DispatchedAt = Due.AddSeconds(seconds).AddMilliseconds(4),
        DispatchedBy = "node-2",
        StartedAt = Due.AddSeconds(seconds).AddMilliseconds(12),
        DurationMs = 34,
        Node = "node-1",
        TraceId = "0123456789abcdef0123456789abcdef",
        StatusCode = 200,
        Output = "fine",
    };
}
