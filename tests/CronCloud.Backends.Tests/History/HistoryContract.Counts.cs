using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.Tests.History;

/// <summary>What every history must count, whatever came twice.</summary>
public abstract partial class HistoryContract
{
    private static DateTimeOffset Minute => HistoryMinute.WholeMinute(Due);

    [Fact]
    public async Task Occurrences_of_schedules_are_counted_once_each_by_where_they_stand()
    {
        var history = await OpenAsync();
        await history.WriteAsync([.. Mixed(), .. Mixed().Take(3)], None);
        await history.WriteAsync([.. Mixed().Reverse().Take(4), Row("other", 0, 1) with { Tenant = $"{_tenant}x" }], None);

        var counts = await history.CountScheduledAsync(_tenant, Due, Due.AddSeconds(60), None);

        Assert.Equal(
            new HistoryCounts { Occurrences = 48, Started = 5, Succeeded = 3, DeadLettered = 1, Skipped = 2, Missed = 40, WorstLatenessMs = 900, P99LatenessMs = 900 },
            counts);
        Assert.Equal(2, counts.Occurrences - counts.Succeeded - counts.DeadLettered - counts.Skipped - counts.Missed);
        Assert.Equal(new HistoryCounts(), await history.CountScheduledAsync(_tenant, Due.AddDays(-2), Due, None));
        Assert.Equal(1, (await history.CountScheduledAsync(_tenant, Due.AddSeconds(1), Due.AddSeconds(2), None)).Occurrences);
    }

    [Fact]
    public async Task The_99th_percentile_is_the_value_that_a_hundredth_exceeds()
    {
        var history = await OpenAsync();
        await history.WriteAsync([.. Enumerable.Range(1, 200).Select(i => Row("a", i, 1) with { StartedAt = Due.AddSeconds(i).AddMilliseconds(i), DurationMs = 1_000 - i })], None);

        var counts = await history.CountScheduledAsync(_tenant, Due, Due.AddSeconds(300), None);

        Assert.Equal((200, 198, 200), (counts.Started, counts.P99LatenessMs, counts.WorstLatenessMs));
    }

    [Fact]
    public async Task Minutes_count_each_execution_once_by_where_it_stands()
    {
        var history = await OpenAsync();
        await history.WriteAsync([.. Mixed().Select(OfOneMinute), OfOneMinute(Row("a", 0, 1)) with { ScheduledAt = Minute.AddMinutes(2), ExecutionId = ExecutionId.Of("a", Minute.AddMinutes(2)) }], None);

        await CountAsync(history);
        var minutes = await history.ReadMinutesAsync(_tenant, null, Minute.AddSeconds(30), Minute.AddMinutes(2), None);

        var minute = Assert.Single(minutes);
        Assert.Equal(
            new HistoryMinute
            {
                Minute = Minute,
                Occurrences = 49,
                Started = 6,
                Succeeded = 4,
                Retrying = 2,
                DeadLettered = 1,
                Skipped = 2,
                Missed = 40,
                Attempts = 9,
                FailedAttempts = 5,
                LatenessP50Ms = 12,
                LatenessP99Ms = 900,
                LatenessMaxMs = 900,
                DurationP50Ms = 34,
                DurationP99Ms = 5_000,
                DurationMaxMs = 5_000,
            },
            minute);
        Assert.Equal(2, (await history.ReadMinutesAsync(_tenant, null, Minute, Minute.AddMinutes(3), None)).Count);
        Assert.Empty(await history.ReadMinutesAsync(_tenant, null, Minute.AddMinutes(3), Minute.AddMinutes(9), None));
        Assert.Empty(await history.ReadMinutesAsync("other", null, Minute, Minute.AddMinutes(3), None));
    }

    [Fact]
    public async Task Minutes_of_a_job_count_this_job_alone()
    {
        var history = await OpenAsync();
        await history.WriteAsync([.. Mixed().Select(OfOneMinute)], None);

        var minute = Assert.Single(await history.ReadMinutesAsync(_tenant, "dead", Minute, Minute.AddMinutes(1), None));

        Assert.Equal((1, 1, 0, 1, 3, 3), (minute.Occurrences, minute.Started, minute.Succeeded, minute.DeadLettered, minute.Attempts, minute.FailedAttempts));
        Assert.Equal((900, 900, 5_000), (minute.LatenessP50Ms, minute.LatenessMaxMs, minute.DurationMaxMs));
        var missed = Assert.Single(await history.ReadMinutesAsync(_tenant, "missed", Minute, Minute.AddMinutes(1), None));
        Assert.Equal((40, 0, 40, 0, 0), (missed.Occurrences, missed.Started, missed.Missed, missed.LatenessMaxMs, missed.DurationP99Ms));
        Assert.Empty(await history.ReadMinutesAsync(_tenant, "none", Minute, Minute.AddMinutes(1), None));
    }

    [Fact]
    public async Task Minutes_neither_drift_nor_double_when_batches_come_again_or_composed_otherwise()
    {
        var history = await OpenAsync();
        var once = await OpenAsync();
        HistoryRow[] rows = [.. Enumerable.Range(0, 90).SelectMany(i => (HistoryRow[])[Failing(i), Row("b", i * 3, 1) with { DurationMs = i }])];
        await once.WriteAsync([.. rows.Select(r => r with { Tenant = $"{_tenant}-once" })], None);

        await history.WriteAsync(rows[..70], None);
        await history.WriteAsync(rows[..70], None);
        await history.WriteAsync(rows[50..], None);
        await history.WriteAsync([.. rows.Reverse().Where((_, i) => i % 3 == 0)], None);
        await history.WriteAsync([rows[7]], None);
        await Task.WhenAll(rows.Chunk(25).Select(batch => history.WriteAsync(batch, None)));

        await CountAsync(history);
        foreach (var job in (string?[])[null, "a", "b"])
        {
            var minutes = await history.ReadMinutesAsync(_tenant, job, Minute, Minute.AddMinutes(10), None);
            Assert.Equal(await once.ReadMinutesAsync($"{_tenant}-once", job, Minute, Minute.AddMinutes(10), None), minutes);
            Assert.Equal(job is null ? 180 : 90, minutes.Sum(m => m.Occurrences));
            Assert.Equal(job is "b" ? 0 : 90, minutes.Sum(m => m.Retrying));
        }
    }

    [Fact]
    public async Task A_minute_follows_what_becomes_of_its_executions_later()
    {
        var history = await OpenAsync();
        await history.WriteAsync([Failing(0)], None);
        await CountAsync(history);
        Assert.Equal(1, Assert.Single(await history.ReadMinutesAsync(_tenant, null, Minute, Minute.AddHours(1), None)).Retrying);
        await history.WriteAsync([Row("a", 0, 2) with { StartedAt = Due.AddMinutes(20) }], None);
        await history.WriteAsync([Failing(0)], None);
        await CountAsync(history);

        var minute = Assert.Single(await history.ReadMinutesAsync(_tenant, null, Minute, Minute.AddHours(1), None));

        Assert.Equal((1, 0, 1, 2, 1), (minute.Occurrences, minute.Retrying, minute.Succeeded, minute.Attempts, minute.FailedAttempts));
        Assert.Equal(12, minute.LatenessMaxMs);
    }

    /// <summary>All that was written so far is counted.</summary>
    private static async Task CountAsync(IHistory history)
    {
        var began = TimeProvider.System.GetUtcNow();
        while (await history.CountMinutesAsync(began, None))
        {
        }
    }

    private HistoryRow Failing(int seconds) => Row("a", seconds, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.Failed };

    /// <summary>Of everything that can become of an occurrence, one; all but one were made by schedules.</summary>
    private HistoryRow[] Mixed() =>
    [
        Row("fine", 0, 1),
        Row("fine", 1, 1),
        Failing(2) with { JobId = "late", ExecutionId = Id("late", 2) },
        Row("late", 2, 2),
        Row("dead", 3, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.TimedOut, StartedAt = Due.AddSeconds(3).AddMilliseconds(900), DurationMs = 5_000 },
        Row("dead", 3, 2) with { Status = ExecutionStatus.DeadLettered, Result = AttemptResult.Refused, StartedAt = Due.AddSeconds(33) },
        Row("dead", 3, 3) with { Status = ExecutionStatus.DeadLettered, Result = AttemptResult.Refused, StartedAt = Due.AddSeconds(93), Trigger = Trigger.Redrive },
        Failing(4) with { JobId = "retrying", ExecutionId = Id("retrying", 4) },
        Row("waiting", 5, 1) with { Status = ExecutionStatus.Retrying, Result = AttemptResult.PutOff, StartedAt = Due.AddSeconds(25), DurationMs = 0 },
        Row("skipped", 6, 0) with { Status = ExecutionStatus.Skipped, Result = AttemptResult.Skipped, DurationMs = 0 },
        Row("stopped", 7, 0) with { Status = ExecutionStatus.Skipped, Result = AttemptResult.Skipped, DurationMs = 0 },
        Row("missed", 8, 0) with { Status = ExecutionStatus.Missed, Result = AttemptResult.Missed, Occurrences = 40, LastDue = Due.AddSeconds(47), StartedAt = Due.AddSeconds(99), DurationMs = 0 },
        Row("by-hand", 9, 1) with { Trigger = Trigger.Manual, ExecutionId = ExecutionId.Manual("by-hand", Due.AddSeconds(9), "0f"), StartedAt = Due.AddSeconds(9).AddMilliseconds(12) },
    ];

    /// <summary>The same within the first minute, whatever the second at which the test began.</summary>
    private static HistoryRow OfOneMinute(HistoryRow row)
    {
        var shift = Minute - Due;
        return row with { ScheduledAt = row.ScheduledAt + shift, StartedAt = row.StartedAt + shift, ExecutionId = row.ExecutionId.Replace(ExecutionId.Of("", row.ScheduledAt), ExecutionId.Of("", row.ScheduledAt + shift), StringComparison.Ordinal) };
    }
}
