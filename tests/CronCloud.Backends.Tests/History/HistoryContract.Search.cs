using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.Tests.History;

/// <summary>What every history must find, and in which order.</summary>
public abstract partial class HistoryContract
{
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
    public async Task An_occurrence_that_was_not_started_is_found_by_its_status_and_a_range_counts_all_of_it()
    {
        var history = await OpenAsync();
        var missed = Row("a", 0, 0) with { Status = ExecutionStatus.Missed, Result = AttemptResult.Missed, Occurrences = 40, LastDue = Due.AddSeconds(39), Error = "could not start" };
        await history.WriteAsync([missed, Row("a", 50, 1)], None);

        var found = Assert.Single((await history.ListAsync(new HistoryQuery { Tenant = _tenant, Status = ExecutionStatus.Missed }, None)).Items);

        Assert.Equal((0, 40, Due.AddSeconds(39), "could not start"), (found.Last.Attempt, found.Last.Occurrences, found.Last.LastDue, found.Last.Error));
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
    public async Task Those_that_wait_for_a_retry_are_found_however_old_and_however_many_of_a_minute()
    {
        var history = await OpenAsync();
        int[] ages = [.. Enumerable.Repeat(10, 9), 70, 4_000, 90_000, 2_400_000, 2_400_000];
        HistoryRow[] waiting = [.. ages.Select((age, i) => Row($"waiting-{i:00}", -age, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.TimedOut })];
        var retried = ages.SelectMany((age, i) => (HistoryRow[])[Row($"z-retried-{i:00}", -age, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.Failed }, Row($"z-retried-{i:00}", -age, 2)]);
        await history.WriteAsync([.. waiting, .. retried], None);
        var newestFirst = waiting.OrderByDescending(r => r.ScheduledAt).ThenByDescending(r => r.ExecutionId, StringComparer.Ordinal).Select(r => r.ExecutionId).ToList();

        foreach (var limit in (int[])[1, 4, 100])
            Assert.Equal(newestFirst, await PagesAsync(history, Query() with { Status = ExecutionStatus.Retrying, Limit = limit }));
        Assert.Equal(newestFirst[^2..], await PagesAsync(history, Query() with { Status = ExecutionStatus.Retrying, To = Due.AddSeconds(-90_000) }));
        Assert.Equal(newestFirst[..10], await PagesAsync(history, Query() with { Status = ExecutionStatus.Retrying, From = Due.AddSeconds(-70) }));
        Assert.Equal([waiting[3].ExecutionId], await PagesAsync(history, Query() with { Status = ExecutionStatus.Retrying, JobId = "waiting-03" }));
    }

    [Fact]
    public async Task A_page_may_hold_many()
    {
        var history = await OpenAsync();
        await history.WriteAsync([.. Enumerable.Range(0, 500).Select(i => Row($"job-{i}", i / 10, 1))], None);

        Assert.Equal(500, (await PagesAsync(history, Query() with { Limit = 200 })).Distinct().Count());
        Assert.Equal(500, (await PagesAsync(history, Query() with { Limit = 200, Text = "fine", Status = ExecutionStatus.Succeeded })).Distinct().Count());
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
}
