using CronCloud.Backends.Sql;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using CronCloud.Core.Schedules;

namespace CronCloud.Backends.Tests.Ledger;

/// <summary>What the record must do for the ledger on every database.</summary>
public abstract class LedgerRecordContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Ten = new(2026, 12, 1, 10, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;

    private SqlDatabase Database { get; set; } = null!;

    private SqlJobStore Jobs => new(Database);

    private SqlRevisionLog Log => new(Database);

    private SqlLedgerStore Store => new(Database);

    protected abstract Task<SqlDatabase> OpenAsync();

    public async Task InitializeAsync()
    {
        Database = await OpenAsync();
        await Database.OpenAsync(None);
    }

    public virtual Task DisposeAsync()
    {
        Database.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Of_a_job_those_revisions_are_told_that_were_in_force_in_between()
    {
        var key = new JobKey("t", "a");
        foreach (var (minutes, state) in new[] { (-90, JobState.Active), (-60, JobState.Active), (0, JobState.Paused), (30, JobState.Active), (60, JobState.Deleted), (61, JobState.Active) })
            await WriteAsync(key, Ten.AddMinutes(minutes), state);

        Assert.Equal([2, 3, 4, 5], await VersionsAsync(Ten.AddMinutes(-1), Ten.AddMinutes(60)));
        Assert.Equal([4, 5], await VersionsAsync(Ten, Ten.AddMinutes(60)));
        Assert.Equal([6], await VersionsAsync(Ten.AddDays(1), Ten.AddDays(2)));
        Assert.Equal([1, 2], await VersionsAsync(Ten.AddDays(-1), Ten.AddMinutes(-1)));
        Assert.Empty(await VersionsAsync(Ten.AddDays(-2), Ten.AddDays(-1)));
    }

    [Fact]
    public async Task Pages_hold_whole_jobs_in_the_order_of_their_ids()
    {
        foreach (var job in new[] { "b", "A", "a", "c" })
            await WriteAsync(new JobKey("t", job), Ten, JobState.Active);
        for (var edit = 1; edit <= 7; edit++)
            await WriteAsync(new JobKey("t", "a"), Ten.AddSeconds(edit), JobState.Active);
        await WriteAsync(new JobKey("u", "a"), Ten, JobState.Active);

        var (pages, after) = (new List<List<string>>(), (string?)null);
        do
        {
            var page = await Log.ReadAsync("t", after, Ten.AddHours(-1), Ten.AddHours(1), 2, None);
            pages.Add([.. page.Revisions.Select(revision => $"{revision.JobId}{revision.Version}")]);
            after = page.LastJob;
        }
        while (after is not null);

        Assert.Equal(["A1", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "b1", "c1"], pages.SelectMany(page => page));
        Assert.Equal([["A1", .. Enumerable.Range(1, 8).Select(version => $"a{version}")], ["b1", "c1"]], pages.Take(2));
        Assert.All(pages, page => Assert.Equal(page.Count(id => id.StartsWith('a')), page.Exists(id => id.StartsWith('a')) ? 8 : 0));
    }

    [Fact]
    public async Task A_revision_is_read_as_it_was_written()
    {
        await WriteAsync(new JobKey("t", "a"), Ten, JobState.Active, new ScheduleSpec { Cron = "7 * * * *", TimeZone = "Europe/London" });

        var revision = Assert.Single((await Log.ReadAsync("t", null, Ten, Ten.AddHours(1), 10, None)).Revisions);

        Assert.Equal(("a", 1L, Ten, JobState.Active), (revision.JobId, revision.Version, revision.At, revision.State));
        Assert.Equal(new ScheduleSpec { Cron = "7 * * * *", TimeZone = "Europe/London" }, revision.Read().Schedule);
    }

    [Fact]
    public async Task Tenants_are_told_with_the_last_hour_of_their_ledgers()
    {
        Assert.Empty(await Log.ListTenantsAsync(None));
        foreach (var tenant in new[] { "b", "a", "B" })
            await WriteAsync(new JobKey(tenant, "x"), Ten, JobState.Active);
        await Store.WriteAsync(Hour("a", 0), None);
        await Store.WriteAsync(Hour("a", 1), None);

        Assert.Equal([new LedgerTenant("B", null), new LedgerTenant("a", Ten.AddHours(1)), new LedgerTenant("b", null)], await Log.ListTenantsAsync(None));
    }

    [Fact]
    public async Task Jobs_are_counted_no_further_than_asked()
    {
        for (var job = 0; job < 5; job++)
            await WriteAsync(new JobKey("t", $"job-{job}"), Ten, JobState.Active);

        Assert.Equal((5, 3, 0), (await Log.CountJobsAsync("t", 10, None), await Log.CountJobsAsync("t", 3, None), await Log.CountJobsAsync("u", 3, None)));
    }

    [Fact]
    public async Task An_hour_comes_back_with_its_jobs_and_is_replaced_by_a_later_look()
    {
        var job = new LedgerJob { JobId = "a", From = Ten, Expected = 6, Recorded = 5, Missing = 1, Unexpected = 0, FirstMissing = [Ten.AddMinutes(10)] };
        await Store.WriteAsync(Hour("t", 0) with { Missing = 1, DiffersSince = Ten.AddHours(2), Jobs = [job, job with { JobId = "b" }] }, None);
        await Store.WriteAsync(Hour("t", 1), None);

        var read = await Store.ReadAsync("t", Ten, Ten.AddHours(2), None);
        Assert.Equal([0, 1], read.Select(hour => (int)(hour.From - Ten).TotalHours));
        Assert.Equal(Hour("t", 0) with { Missing = 1, DiffersSince = Ten.AddHours(2), Jobs = read[0].Jobs }, read[0]);
        Assert.Equal(["a", "b"], read[0].Jobs.Select(j => j.JobId));
        Assert.Equal(Ten.AddMinutes(10), Assert.Single(read[0].Jobs[0].FirstMissing));

        await Store.WriteAsync(Hour("t", 0) with { Looks = 2 }, None);
        var again = (await Store.ReadAsync("t", Ten, Ten.AddHours(1), None))[0];
        Assert.Equal((2, 0L), (again.Looks, again.Difference));
        Assert.Empty(again.Jobs);
    }

    [Fact]
    public async Task Hours_that_differ_or_have_not_ended_are_to_be_looked_at_again_and_these_first_the_newest_first()
    {
        await Store.WriteAsync(Hour("a", 3) with { Open = 1 }, None);
        await Store.WriteAsync(Hour("b", 2) with { Unexpected = 1 }, None);
        await Store.WriteAsync(Hour("a", 1) with { Missing = 1 }, None);
        await Store.WriteAsync(Hour("a", 2), None);
        await Store.WriteAsync(Hour("c", 2) with { Counts = new HistoryCounts { Occurrences = 5, Succeeded = 4, DeadLettered = 1 } }, None);
        await Store.WriteAsync(Hour("d", 2) with { Counts = new HistoryCounts { Occurrences = 5, Succeeded = 4 } }, None);

        Assert.Equal(["a3", "b2", "a1", "c2", "d2"], (await Store.ListUnsettledAsync(Ten, Ten, 10, None)).Select(Name));
        Assert.Equal(["a3", "b2"], (await Store.ListUnsettledAsync(Ten, Ten, 2, None)).Select(Name));
        Assert.Equal(["a3", "b2", "a1"], (await Store.ListUnsettledAsync(Ten.AddHours(3), Ten.AddHours(1), 10, None)).Select(Name));
        Assert.Equal(["a3", "b2", "c2", "d2"], (await Store.ListUnsettledAsync(Ten.AddHours(2), Ten.AddHours(2), 10, None)).Select(Name));

        await Store.PruneAsync(Ten.AddHours(3), None);
        Assert.Equal(["a3"], (await Store.ListUnsettledAsync(Ten, Ten, 10, None)).Select(Name));
        Assert.Empty(await Store.ReadAsync("b", Ten, Ten.AddDays(1), None));
    }

    private static string Name(LedgerHour hour) => $"{hour.Tenant}{(hour.From - Ten).TotalHours:0}";

    private static LedgerHour Hour(string tenant, int hour) => new()
    {
        Tenant = tenant,
        From = Ten.AddHours(hour),
        To = Ten.AddHours(hour + 1),
        Expected = 6,
        Recorded = 5,
        Dispatched = 4,
        Counts = new HistoryCounts { Occurrences = 5, Started = 4, Succeeded = 4, Skipped = 1, WorstLatenessMs = 99, P99LatenessMs = 9 },
        LookedAt = Ten.AddHours(hour + 1).AddMinutes(15),
        Looks = 1,
    };

    private async Task<IEnumerable<long>> VersionsAsync(DateTimeOffset from, DateTimeOffset to) =>
        (await Log.ReadAsync("t", null, from, to, 100, None)).Revisions.Select(revision => revision.Version);

    private async Task WriteAsync(JobKey key, DateTimeOffset at, JobState state, ScheduleSpec? schedule = null)
    {
        var version = ((await Jobs.FindAsync(key, None))?.Version ?? 0) + 1;
        var definition = new JobDefinition { Schedule = schedule ?? new ScheduleSpec { Every = TimeSpan.FromMinutes(10) }, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } } };
        var job = new Job { Key = key, Definition = definition, State = state, Version = version, CreatedAt = at, UpdatedAt = at };
        Assert.True(await Jobs.WriteAsync(job, new Revision(version, at, "test", "updated", state, definition), None));
    }
}
