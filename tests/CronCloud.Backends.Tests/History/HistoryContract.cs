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
    public async Task A_list_is_filtered_by_job_status_time_and_text()
    {
        var history = await OpenAsync();
        await history.WriteAsync(
            [
                Row("a", 0, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.Failed, Error = "answered 500 Boom" },
                Row("a", 0, 2),
                Row("a", 1, 1) with { Status = ExecutionStatus.DeadLettered, Result = AttemptResult.Refused, Error = "the connection was refused" },
                Row("b", 2, 1) with { Output = "Invoice 4711 sent" },
            ],
            None);

        Assert.Equal([Id("a", 1), Id("a", 0)], await IdsAsync(history, Query() with { JobId = "a" }));
        Assert.Equal([Id("b", 2), Id("a", 0)], await IdsAsync(history, Query() with { Status = ExecutionStatus.Succeeded }));
        Assert.Empty(await IdsAsync(history, Query() with { Status = ExecutionStatus.Retrying }));
        Assert.Equal([Id("a", 1)], await IdsAsync(history, Query() with { Status = ExecutionStatus.DeadLettered }));
        Assert.Equal([Id("b", 2), Id("a", 1)], await IdsAsync(history, Query() with { From = Due.AddSeconds(1) }));
        Assert.Equal([Id("a", 0)], await IdsAsync(history, Query() with { To = Due.AddSeconds(1) }));
        Assert.Equal([Id("b", 2)], await IdsAsync(history, Query() with { Text = "invoice 47" }));
        Assert.Equal([Id("a", 0)], await IdsAsync(history, Query() with { Text = "boom" }));
        Assert.Empty(await IdsAsync(history, Query() with { Text = "%" }));
        Assert.Empty(await IdsAsync(history, Query() with { Tenant = "other" }));
    }

    [Theory]
    [InlineData("grün", "GRÜN")]
    [InlineData("ÄPFEL und Birnen", "äpfel UND")]
    [InlineData("Привет, мир", "привет")]
    [InlineData("Ωμέγα", "ωΜ")]
    public async Task Text_is_found_in_any_case_of_any_alphabet(string output, string text)
    {
        var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0, 1) with { Output = output }, Row("b", 0, 1) with { Output = null, Error = output }, Row("c", 0, 1)], None);

        Assert.Equal([Id("b", 0), Id("a", 0)], await IdsAsync(history, Query() with { Text = text }));
    }

    [Fact]
    public async Task A_list_goes_back_over_thirty_days_and_leaves_nothing_out()
    {
        var history = await OpenAsync();
        int[] ages = [0, 60, 60, 299, 300, 301, 3_600, 3_900, 3_901, 40_000, 90_000, 200_000, 700_000, 2_000_000, 2_500_000];
        HistoryRow[] rows = [.. ages.Select((age, i) => Row($"job-{i}", -age, 1))];
        await history.WriteAsync([.. rows, rows[^1] with { Attempt = 2, Status = ExecutionStatus.DeadLettered }], None);
        var newestFirst = rows.OrderByDescending(r => r.ScheduledAt).ThenByDescending(r => r.ExecutionId, StringComparer.Ordinal).Select(r => r.ExecutionId).ToList();

        foreach (var limit in (int[])[1, 4, 100])
            Assert.Equal(newestFirst, await PagesAsync(history, Query() with { Limit = limit }));
        Assert.Equal([rows[^1].ExecutionId], await IdsAsync(history, Query() with { Status = ExecutionStatus.DeadLettered }));
        Assert.Equal(2, (await history.ListAsync(Query() with { Status = ExecutionStatus.DeadLettered }, None)).Items[0].Attempts.Count);
        Assert.Equal(newestFirst.Skip(1), await PagesAsync(history, Query() with { To = Due, Limit = 3 }));
        Assert.Equal(newestFirst[..^2], await PagesAsync(history, Query() with { From = Due.AddSeconds(-700_000), To = Due.AddYears(50), Limit = 3 }));
        Assert.Empty(await IdsAsync(history, Query() with { From = Due, To = Due.AddDays(-1) }));
        Assert.Empty(await IdsAsync(history, Query() with { To = DateTimeOffset.MinValue }));
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

    private HistoryQuery Query() => new() { Tenant = _tenant };

    private static async Task<IEnumerable<string>> IdsAsync(IHistory history, HistoryQuery query) => (await history.ListAsync(query, None)).Items.Select(e => e.Last.ExecutionId);

    private static async Task<IReadOnlyList<string>> PagesAsync(IHistory history, HistoryQuery query)
    {
        var ids = new List<string>();
        for (var page = await history.ListAsync(query, None); ; page = await history.ListAsync(query with { After = HistoryCursor.Parse(page.NextCursor!) }, None))
        {
            Assert.InRange(page.Items.Count, 0, query.Limit);
            ids.AddRange(page.Items.Select(e => e.Last.ExecutionId));
            if (page.NextCursor is null)
                return ids;
        }
    }

    private static string Id(string job, int seconds) => ExecutionId.Of(job, Due.AddSeconds(seconds));

    [Fact]
    public async Task Attempts_of_many_executions_are_found_at_once()
    {
        var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0, 1), Row("a", 0, 2), Row("a", 1, 1), Row("b", 7, 1)], None);

        var rows = await history.FindAttemptsAsync([ExecutionOf("a", 0), ExecutionOf("b", 7), ExecutionOf("c", 3)], None);

        Assert.Equal([("a", 1), ("a", 2), ("b", 1)], rows.Select(r => (r.JobId, r.Attempt)).Order());
        Assert.All(rows, r => Assert.Equal("fine", r.Output));
        Assert.Empty(await history.FindAttemptsAsync([], None));
    }

    [Fact]
    public async Task An_occurrence_that_was_not_started_is_found_by_its_status_and_a_range_counts_all_of_it()
    {
        var history = await OpenAsync();
        var missed = Row("a", 0, 0) with { Status = ExecutionStatus.Missed, Result = AttemptResult.Missed, Occurrences = 40, LastDue = Due.AddSeconds(39), Error = "could not start" };
        await history.WriteAsync([missed, Row("a", 50, 1)], None);

        var found = Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = _tenant, Status = ExecutionStatus.Missed }, None)).Items);

        Assert.Equal((0, 40, Due.AddSeconds(39), "could not start"), (found.Last.Attempt, found.Last.Occurrences, found.Last.LastDue, found.Last.Error));
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

    [Theory]
    [InlineData("paid 100% of it", "100% of", "100x of")]
    [InlineData("order_4711", "r_4", "rx4")]
    [InlineData(@"C:\temp\new", @"\temp\", @"\\temp")]
    [InlineData("she said \"no\", it's fine", "\"NO\", it's", "'no'")]
    [InlineData("first\nsecond\tthird", "T\nsecond\tth", "first second")]
    [InlineData("🎉 done", "🎉 d", "🎉d")]
    [InlineData("ok", "O", "x")]
    [InlineData("ok", "oK", "ko")]
    public async Task Text_is_found_as_it_is_written_and_not_as_a_pattern(string output, string text, string absent)
    {
        var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0, 1) with { Output = output }, Row("b", 0, 1) with { Output = "[]", Error = output }, Row("c", 0, 1) with { Output = "[]" }], None);

        Assert.Equal([Id("b", 0), Id("a", 0)], await IdsAsync(history, Query() with { Text = text }));
        Assert.Equal([Id("b", 0)], await IdsAsync(history, Query() with { Text = text, JobId = "b" }));
        Assert.Empty(await IdsAsync(history, Query() with { Text = absent }));
    }

    [Fact]
    public async Task Text_of_an_earlier_attempt_finds_an_execution_by_where_it_stands_now()
    {
        var history = await OpenAsync();
        await history.WriteAsync([Row("a", 0, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.Failed, Error = "boom" }, Row("b", 0, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.Failed, Error = "boom" }], None);
        await history.WriteAsync([Row("a", 0, 2)], None);

        Assert.Equal([Id("a", 0)], await IdsAsync(history, Query() with { Text = "boom", Status = ExecutionStatus.Succeeded }));
        Assert.Equal([Id("b", 0)], await IdsAsync(history, Query() with { Text = "boom", Status = ExecutionStatus.Retrying }));
        Assert.Equal([Id("b", 0)], await IdsAsync(history, Query() with { Status = ExecutionStatus.Retrying }));
    }

    [Fact]
    public async Task Executions_that_stood_otherwise_before_do_not_end_a_page_early()
    {
        var history = await OpenAsync();
        var redriven = Enumerable.Range(0, 60).SelectMany(i => (HistoryRow[])
            [
                Row("a", i, 1) with { Status = ExecutionStatus.DeadLettered, Result = AttemptResult.Refused },
                Row("a", i, 2) with { Trigger = Trigger.Redrive },
            ]);
        var dead = Enumerable.Range(0, 5).Select(i => Row("b", i * 15, 1) with { Status = ExecutionStatus.DeadLettered, Result = AttemptResult.Refused });
        await history.WriteAsync([.. redriven, .. dead], None);

        Assert.Equal([Id("b", 60), Id("b", 45), Id("b", 30), Id("b", 15), Id("b", 0)], await PagesAsync(history, Query() with { Status = ExecutionStatus.DeadLettered, Limit = 2 }));
        Assert.Empty(await PagesAsync(history, Query() with { Status = ExecutionStatus.DeadLettered, JobId = "a", Limit = 2 }));
    }

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
