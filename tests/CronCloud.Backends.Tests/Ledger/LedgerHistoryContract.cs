using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Ledger;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;

namespace CronCloud.Backends.Tests.Ledger;

/// <summary>What the ledger must be told by every history.</summary>
public abstract class LedgerHistoryContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Recent, since history drops what is older than 30 days.</summary>
    private static readonly DateTimeOffset Hour = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddHours(-3).ToUnixTimeSeconds());

    /// <summary>Tests share a server, but no tenant.</summary>
    private readonly string _tenant = $"t{Guid.NewGuid():N}";

    private static DateTimeOffset End => Hour.AddHours(1);

    protected abstract Task<(IHistory History, ILedgerHistory Ledger)> OpenAsync();

    [Fact]
    public async Task An_occurrence_counts_once_whatever_its_attempts_and_however_often_they_were_written()
    {
        var (history, ledger) = await OpenAsync();
        await history.WriteAsync([Row("a", 0, 1), Row("a", 0, 2), Row("a", 60, 1), Row("b", 60, 0) with { Status = ExecutionStatus.Skipped, Result = AttemptResult.Skipped }], None);
        await history.WriteAsync([Row("a", 0, 1), Row("a", 0, 3) with { Trigger = Trigger.Redrive }], None);

        var jobs = await ledger.CountByJobAsync(_tenant, new JobRange(null, null), Hour, End, None);

        Assert.Equal(
            [new RecordedJob("a", DueTally.Of(Hour) + DueTally.Of(Hour.AddSeconds(60)), 2), new RecordedJob("b", DueTally.Of(Hour.AddSeconds(60)), 0)],
            jobs.OrderBy(job => job.JobId, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Only_what_schedules_named_counts_of_this_tenant_and_of_this_hour()
    {
        var (history, ledger) = await OpenAsync();
        var asked = ExecutionId.Manual("a", Hour.AddSeconds(5), "0f");
        await history.WriteAsync(
            [
                Row("a", -1, 1), Row("a", 0, 1), Row("a", 3_599, 1), Row("a", 3_600, 1),
                Row("a", 5, 1) with { ExecutionId = asked, Trigger = Trigger.Manual },
                Row("a", 5, 2) with { ExecutionId = asked, Trigger = Trigger.Redrive },
                Row("a", 7, 1) with { Trigger = Trigger.Backfill },
                Row("a", 9, 1) with { Tenant = _tenant + "x" },
            ],
            None);

        Assert.Equal(DueTally.Of(Hour) + DueTally.Of(Hour.AddSeconds(3_599)), Assert.Single(await ledger.CountByJobAsync(_tenant, new JobRange(null, null), Hour, End, None)).Due);
        Assert.Equal([0, 3_599], (await ledger.ListDueAsync(_tenant, ["a"], Hour, End, None)).Select(due => (int)(due.First - Hour).TotalSeconds).Order());
    }

    [Fact]
    public async Task Jobs_are_counted_range_by_range_byte_by_byte()
    {
        var (history, ledger) = await OpenAsync();
        await history.WriteAsync([.. new[] { "A", "Z", "a", "a-1", "a.1", "b" }.Select(job => Row(job, 0, 1))], None);

        async Task<IEnumerable<string>> JobsAsync(string? after, string? upTo) =>
            (await ledger.CountByJobAsync(_tenant, new JobRange(after, upTo), Hour, End, None)).Select(job => job.JobId).Order(StringComparer.Ordinal);

        Assert.Equal(["A", "Z"], await JobsAsync(null, "Z"));
        Assert.Equal(["a", "a-1"], await JobsAsync("Z", "a-1"));
        Assert.Equal(["a.1", "b"], await JobsAsync("a-1", null));
    }

    [Fact]
    public async Task A_range_is_told_to_every_hour_that_it_reaches_into()
    {
        var (history, ledger) = await OpenAsync();
        var missed = Row("a", -600, 0) with { Status = ExecutionStatus.Missed, Result = AttemptResult.Missed, Occurrences = 100, LastDue = Hour.AddSeconds(390) };
        await history.WriteAsync([missed, missed with { JobId = "b", ExecutionId = ExecutionId.Of("b", missed.ScheduledAt) }, Row("a", 400, 1)], None);

        var range = new RecordedDue("a", Hour.AddSeconds(-600), Hour.AddSeconds(390));
        Assert.Equal([range], await ledger.ListRangesAsync(_tenant, ["a"], Hour, End, None));
        Assert.Equal([range], await ledger.ListRangesAsync(_tenant, ["a"], Hour.AddHours(-1), Hour, None));
        Assert.Empty(await ledger.ListRangesAsync(_tenant, ["a"], Hour.AddSeconds(391), End, None));
        Assert.Equal([400], (await ledger.ListDueAsync(_tenant, ["a"], Hour, End, None)).Select(due => (int)(due.First - Hour).TotalSeconds));
        Assert.Empty(await ledger.ListDueAsync(_tenant, [], Hour, End, None));
    }

    private HistoryRow Row(string job, int seconds, int attempt) => new()
    {
        Tenant = _tenant,
        JobId = job,
        ExecutionId = ExecutionId.Of(job, Hour.AddSeconds(seconds)),
        ScheduledAt = Hour.AddSeconds(seconds),
        Trigger = Trigger.Schedule,
        Attempt = attempt,
        Status = ExecutionStatus.Succeeded,
        Result = AttemptResult.Succeeded,
        StartedAt = Hour.AddSeconds(seconds).AddMilliseconds(12),
        DurationMs = 34,
        Node = "node-1",
        TraceId = "0123456789abcdef0123456789abcdef",
        StatusCode = 200,
        Output = "fine",
    };
}
