using System.Diagnostics.Metrics;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Ledger;

namespace CronCloud.Engine.Tests.Ledger;

public sealed class LedgerScanTests
{
    private static readonly DateTimeOffset Three = Pipeline.Start;
    private static readonly DateTimeOffset Four = Three.AddHours(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task An_hour_whose_occurrences_are_all_in_history_agrees()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.Equal((5, 5, 5, 0, 0), (hour.Expected, hour.Recorded, hour.Dispatched, hour.Open, hour.Difference));
        Assert.Equal((5, 5, 5), (hour.Counts.Occurrences, hour.Counts.Started, hour.Counts.Succeeded));
        Assert.Empty(bench.Told);
    }

    [Fact]
    public async Task An_hour_is_closed_a_margin_after_its_end_and_once()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin - Minute, Minute);
        await bench.ScanAsync();
        Assert.Null(await bench.HourAsync(Three));

        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();
        var closed = (await bench.HourAsync(Three))!;
        await bench.RunUntilAsync(Four.AddHours(2), Minute);
        await bench.ScanAsync();

        Assert.Equal((1, closed.LookedAt), ((await bench.HourAsync(Three))!.Looks, (await bench.HourAsync(Three))!.LookedAt));
        Assert.Equal(6, (await bench.HourAsync(Four))!.Expected);
    }

    [Fact]
    public async Task An_occurrence_whose_row_is_gone_is_missing_and_named_and_operators_are_told_at_the_second_look()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.RemoveRowAsync(Three.AddMinutes(20));

        await bench.ScanAsync();
        Assert.Empty(bench.Told);
        await bench.RunUntilAsync(Four + LedgerScan.Margin + LedgerScan.Again, Minute);
        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        var job = Assert.Single(hour.Jobs);
        Assert.Equal((5, 4, 1, 0), (hour.Expected, hour.Recorded, hour.Missing, hour.Unexpected));
        Assert.Equal(("job", 5, 4, 1), (job.JobId, job.Expected, job.Recorded, job.Missing));
        Assert.Equal([Three.AddMinutes(20)], job.FirstMissing);
        Assert.StartsWith("Error LedgerDifference: The ledger of tenant t does not agree for the hour from 2026-12-01 03:00:00Z: of 5 occurrences 1 are missing", Assert.Single(bench.Told), StringComparison.Ordinal);
        await bench.RunUntilAsync(Four + LedgerScan.Margin + (3 * LedgerScan.Again), Minute);
        await bench.ScanAsync();
        Assert.Equal((3, 1), ((await bench.HourAsync(Three))!.Looks, bench.Told.Count));
        Assert.Equal(1, GaugeOf(bench, "croncloud.ledger.difference"));
    }

    [Fact]
    public async Task An_outcome_that_is_lost_on_its_way_is_missing()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        bench.Lost.Add(Three.AddMinutes(50));
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);

        await bench.ScanAsync();

        Assert.Equal([Three.AddMinutes(50)], Assert.Single((await bench.HourAsync(Three))!.Jobs).FirstMissing);
    }

    [Fact]
    public async Task An_occurrence_that_no_schedule_named_is_a_difference_too()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await InventAsync(bench, "job", Three.AddMinutes(15));
        await InventAsync(bench, "nobody", Three.AddMinutes(16));

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.Equal((5, 5, 0, 2, 2), (hour.Expected, hour.Recorded, hour.Missing, hour.Unexpected, hour.Difference));
        Assert.Equal([("job", Three.AddMinutes(15)), ("nobody", Three.AddMinutes(16))], hour.Jobs.Select(job => (job.JobId, job.FirstUnexpected[0])));
    }

    [Fact]
    public async Task A_loss_and_an_invention_of_one_job_in_one_hour_do_not_cancel_each_other()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.RemoveRowAsync(Three.AddMinutes(20));
        await InventAsync(bench, "job", Three.AddMinutes(21));

        await bench.ScanAsync();

        var job = Assert.Single((await bench.HourAsync(Three))!.Jobs);
        Assert.Equal((5, 5, 1, 1), (job.Expected, job.Recorded, job.Missing, job.Unexpected));
    }

    [Fact]
    public async Task A_difference_that_is_gone_at_the_second_look_was_no_alarm()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.RemoveRowAsync(Three.AddMinutes(20));
        await bench.ScanAsync();
        Assert.Equal(1, (await bench.HourAsync(Three))!.Difference);

        await InventAsync(bench, "job", Three.AddMinutes(20));
        await bench.RunUntilAsync(Four + LedgerScan.Margin + LedgerScan.Again, Minute);
        await bench.ScanAsync();

        Assert.Equal((2, 0), ((await bench.HourAsync(Three))!.Looks, (int)(await bench.HourAsync(Three))!.Difference));
        Assert.Empty(bench.Told);
    }

    [Fact]
    public async Task A_difference_that_was_told_and_is_gone_is_told_as_that()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.RemoveRowAsync(Three.AddMinutes(20));
        await bench.ScanAsync();
        await bench.RunUntilAsync(Four + LedgerScan.Margin + LedgerScan.Again, Minute);
        await bench.ScanAsync();
        await InventAsync(bench, "job", Three.AddMinutes(20));
        await bench.RunUntilAsync(Four + LedgerScan.Margin + (3 * LedgerScan.Again), Minute);
        await bench.ScanAsync();

        Assert.Equal("Information LedgerSettled: The ledger of tenant t agrees by now for the hour from 2026-12-01 03:00:00Z", bench.Told[^1]);
        await bench.RunUntilAsync(Four + LedgerScan.Margin + (4 * LedgerScan.Again), Minute);
        await bench.ScanAsync();
        Assert.Equal(0, GaugeOf(bench, "croncloud.ledger.difference"));
    }

    [Fact]
    public async Task What_runs_or_waits_in_the_queue_is_open_and_no_loss()
    {
        await using var bench = await LedgerBench.OpenAsync();
        bench.WorkersAreAway = true;
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();

        var open = (await bench.HourAsync(Three))!;
        Assert.Equal((5, 0, 5, 5, 0), (open.Expected, open.Recorded, open.Dispatched, open.Open, open.Difference));
        bench.WorkersAreAway = false;
        await bench.RunUntilAsync(Four + LedgerScan.Margin + LedgerScan.Again, Minute);
        await bench.ScanAsync();

        var ended = (await bench.HourAsync(Three))!;
        Assert.Equal((5, 5, 0, 0, 2), (ended.Expected, ended.Recorded, ended.Open, ended.Difference, ended.Looks));
    }

    [Fact]
    public async Task What_is_not_dispatched_since_the_queue_refuses_is_open_and_no_loss()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Three.AddMinutes(30), Minute);
        bench.Pipeline.Time.Advance(Four + LedgerScan.Margin - bench.Pipeline.Time.GetUtcNow());

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.Equal((5, 3, 3, 2, 0), (hour.Expected, hour.Recorded, hour.Dispatched, hour.Open, hour.Difference));
    }

    [Fact]
    public async Task What_waits_for_its_jobs_slot_is_open_and_no_loss()
    {
        await using var bench = await LedgerBench.OpenAsync();
        bench.WorkersAreAway = true;
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes, overlap: Overlap.Queue);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.Equal((5, 3, 2, 0, 3), (hour.Expected, hour.Recorded, hour.Open, hour.Difference, hour.Counts.Skipped));
    }

    [Fact]
    public async Task While_history_lags_no_hour_is_closed()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        bench.HistoryIsAway = true;
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();
        Assert.Null(await bench.HourAsync(Three));

        bench.HistoryIsAway = false;
        await bench.SettleAsync();
        await bench.ScanAsync();

        Assert.Equal((5, 0), ((await bench.HourAsync(Three))!.Expected, (await bench.HourAsync(Three))!.Difference));
    }

    [Fact]
    public async Task History_that_lags_again_stops_what_was_planned()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync(steps: 1); // an hour of the day before is closed, others are planned
        bench.HistoryIsAway = true;
        bench.Pipeline.Time.Advance(Minute * 5);
        await bench.RunUntilAsync(Four + (LedgerScan.Margin * 2), Minute);

        await bench.ScanAsync();
        Assert.Null(await bench.HourAsync(Three));

        bench.HistoryIsAway = false;
        await bench.SettleAsync();
        await bench.ScanAsync();
        Assert.Equal((5, 0), ((await bench.HourAsync(Three))!.Expected, (await bench.HourAsync(Three))!.Difference));
    }

    [Fact]
    public async Task How_far_the_ledger_is_behind_is_told_also_while_history_lags()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();
        Assert.Equal(0, GaugeOf(bench, "croncloud.ledger.age"));

        bench.HistoryIsAway = true;
        await bench.RunUntilAsync(Four.AddHours(3), Minute);
        await bench.ScanAsync();

        Assert.Equal(TimeSpan.FromHours(2).TotalSeconds, GaugeOf(bench, "croncloud.ledger.age"));
        bench.Pipeline.Time.Advance(Minute);
        Assert.Equal(TimeSpan.FromHours(2).TotalSeconds + 60, GaugeOf(bench, "croncloud.ledger.age"));
    }

    [Fact]
    public async Task A_loss_of_before_a_standstill_of_more_than_a_day_is_told()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();
        await bench.RunUntilAsync(Four.AddHours(40), Minute * 10);
        await bench.RemoveRowAsync(Four.AddMinutes(20));

        await bench.ScanAsync();
        Assert.Empty(bench.Told);
        bench.Pipeline.Time.Advance(LedgerScan.Again);
        await bench.ScanAsync();

        Assert.Contains("the hour from 2026-12-01 04:00:00Z", Assert.Single(bench.Told), StringComparison.Ordinal);
        await bench.RunUntilAsync(Four.AddHours(41), Minute * 10);
        await bench.ScanAsync();
        Assert.Equal(1, GaugeOf(bench, "croncloud.ledger.difference"));
        await bench.RunUntilAsync(Four.AddHours(65), Minute * 10);
        await bench.ScanAsync();
        Assert.Equal(0, GaugeOf(bench, "croncloud.ledger.difference"));
    }

    [Fact]
    public async Task What_is_open_for_more_than_a_day_and_lost_afterwards_is_told()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        bench.WorkersAreAway = true;
        await bench.RunUntilAsync(Three.AddMinutes(10), Minute);
        bench.WorkersAreAway = false;
        var stuck = (await bench.Pipeline.TakeAsync()).Single();
        await bench.Pipeline.ChangeAsync(JobAction.Pause);
        for (var at = Four + LedgerScan.Margin; at < Four.AddHours(30); at += Minute * 30)
        {
            bench.Pipeline.Time.Advance(at - bench.Pipeline.Time.GetUtcNow());
            await bench.ScanAsync();
        }

        Assert.Equal((1, 0), ((await bench.HourAsync(Three))!.Open, (await bench.HourAsync(Three))!.Difference));
        await bench.LandAsync(stuck.ScheduledAt);
        for (var i = 0; i < 12; i++)
        {
            bench.Pipeline.Time.Advance(Minute * 30);
            await bench.ScanAsync();
        }

        Assert.Contains("of 1 occurrences 1 are missing", Assert.Single(bench.Told), StringComparison.Ordinal);
        Assert.Equal(1, GaugeOf(bench, "croncloud.ledger.difference"));
    }

    [Fact]
    public async Task A_step_that_fails_is_taken_again_and_finds_the_same_once()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four, Minute);
        await bench.RemoveRowAsync(Three.AddMinutes(20));
        var (whole, broken) = (new Reckoning(bench.Parts, "t", Three, Four), new Reckoning(bench.Parts, "t", Three, Four));
        await whole.StepAsync(Pipeline.None);

        bench.Pipeline.Index.RefusesToTellFlights = true;
        await Assert.ThrowsAsync<IOException>(() => broken.StepAsync(Pipeline.None));
        Assert.False(broken.HasEnded);
        bench.Pipeline.Index.RefusesToTellFlights = false;
        await broken.StepAsync(Pipeline.None);

        Assert.True(broken.HasEnded);
        Assert.Equal((5, 4, 1), (whole.Result.Expected, whole.Result.Recorded, whole.Result.Missing));
        Assert.Equal(whole.Result with { Jobs = [] }, broken.Result with { Jobs = [] });
        Assert.Single(broken.Result.Jobs);
    }

    [Fact]
    public async Task While_history_lags_no_loss_of_an_open_hour_is_told()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();
        bench.HistoryIsAway = true;
        await bench.RunUntilAsync(Four.AddMinutes(32), Minute);

        var day = (await ReadAsync(bench))!;
        Assert.Equal((Four, 0), (day.To, day.Hours.Sum(h => h.Difference)));

        bench.HistoryIsAway = false;
        await bench.SettleAsync();
        var settled = bench.Pipeline.Time.GetUtcNow() - LedgerDays.Settling;
        day = (await ReadAsync(bench))!;
        Assert.Equal((settled, 0, 9), (day.To, day.Hours.Sum(h => h.Difference), day.Hours.Sum(h => h.Expected)));
    }

    [Fact]
    public async Task A_range_that_was_missed_accounts_for_all_that_it_stands_for()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes with { Every = Minute }, catchUp: new CatchUp { Policy = CatchUpPolicy.None });
        await bench.RunUntilAsync(Three.AddMinutes(30), Minute);
        bench.Pipeline.Time.Advance(TimeSpan.FromMinutes(90));
        await bench.RunUntilAsync(Three.AddHours(2) + LedgerScan.Margin, Minute);

        await bench.ScanAsync();

        var (three, four) = ((await bench.HourAsync(Three))!, (await bench.HourAsync(Four))!);
        Assert.Equal((59, 59, 0), (three.Expected, three.Recorded, three.Difference));
        Assert.Equal((60, 60, 0), (four.Expected, four.Recorded, four.Difference));
        Assert.Equal(89, three.Counts.Missed + four.Counts.Missed);
    }

    [Fact]
    public async Task Edits_pauses_and_deletions_at_awkward_moments_leave_no_difference()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes with { Every = Minute });
        await bench.RunUntilAsync(Three.AddMinutes(10).AddSeconds(-30), TimeSpan.FromSeconds(30));
        bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(30)); // the job is due at this instant, and edited before it is scanned
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes with { Every = TimeSpan.FromMinutes(2) });
        await bench.RunUntilAsync(Three.AddMinutes(20), Minute);
        bench.Pipeline.Time.Advance(TimeSpan.FromMinutes(2));
        await bench.Pipeline.ChangeAsync(JobAction.Pause);
        await bench.RunUntilAsync(Three.AddMinutes(30), Minute);
        await bench.Pipeline.ChangeAsync(JobAction.Resume);
        await bench.RunUntilAsync(Three.AddMinutes(40).AddMilliseconds(-1), Minute);
        bench.Pipeline.Time.Advance(TimeSpan.FromMinutes(4));
        await bench.Pipeline.ChangeAsync(JobAction.Delete);
        await bench.RunUntilAsync(Three.AddMinutes(50), Minute);
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes with { Every = TimeSpan.FromMinutes(3) });
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.True(hour.Agrees, string.Join("; ", hour.Jobs.Select(job => $"missing {string.Join(' ', job.FirstMissing)}, unexpected {string.Join(' ', job.FirstUnexpected)}")));
        Assert.True(hour.Expected > 25);
    }

    [Fact]
    public async Task What_the_old_version_started_a_moment_after_an_edit_is_expected_and_a_minute_later_is_not()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes with { Every = Minute / 2 });
        await bench.RunUntilAsync(Three.AddMinutes(20), Minute / 2);
        await bench.Pipeline.ChangeAsync(JobAction.Pause);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await InventAsync(bench, "job", Three.AddMinutes(20.5));
        await InventAsync(bench, "job", Three.AddMinutes(21));
        await InventAsync(bench, "job", Three.AddMinutes(21.5));

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.Equal((42, 42, 0, 1), (hour.Expected, hour.Recorded, hour.Missing, hour.Unexpected));
        Assert.Equal([Three.AddMinutes(21.5)], Assert.Single(hour.Jobs).FirstUnexpected);
    }

    [Theory]
    [InlineData(1, 500_000)]
    [InlineData(2, 500_000)]
    [InlineData(5_000, 1)]
    [InlineData(5_000, 100)]
    [InlineData(3, 7)]
    public async Task However_its_pages_are_cut_a_reckoning_comes_to_the_same(int pageSize, int mostOccurrences)
    {
        await using var bench = await LedgerBench.OpenAsync();
        foreach (var (job, seconds) in new[] { ("a", 600), ("b", 60), ("c", 1), ("d", 7), ("e", 600) })
            await bench.Pipeline.Book.ChangeAsync(new ChangeJob { Tenant = "t", Id = job, Action = JobAction.Put, By = "test", Definition = new JobDefinition { Schedule = new ScheduleSpec { Cron = seconds == 1 ? "* * * * * *" : null, Every = seconds == 1 ? null : TimeSpan.FromSeconds(seconds) }, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } } } }, Pipeline.None);
        await bench.Pipeline.Book.ChangeAsync(new ChangeJob { Tenant = "t", Id = "b", Action = JobAction.Pause, By = "test" }, Pipeline.None);
        bench.Pipeline.Index.Empty();
        foreach (var job in new[] { "a", "aa", "d", "f" })
            await InventAsync(bench, job, Three.AddMilliseconds(1));

        var (whole, cut) = (new Reckoning(bench.Parts, "t", Three, Three.AddMinutes(2)), new Reckoning(bench.Parts, "t", Three, Three.AddMinutes(2), pageSize, mostOccurrences));
        var listings = 0;
        foreach (var reckoning in new[] { whole, cut })
        {
            listings = -bench.Pipeline.Index.Listings;
            while (!reckoning.HasEnded)
                await reckoning.StepAsync(Pipeline.None);
            listings += bench.Pipeline.Index.Listings;
        }

        Assert.Equal(whole.Result.Jobs.Where(job => job.Missing > 0).Select(job => new JobKey("t", job.JobId).Partition).Distinct().Count(), listings);
        Assert.True(whole.Result.Missing > 119);
        Assert.Equal(4, whole.Result.Unexpected);
        Assert.Equal(whole.Result with { Jobs = [] }, cut.Result with { Jobs = [] });
        Assert.Equal(whole.Result.Jobs.Select(job => (job.JobId, job.Missing, job.Unexpected)), cut.Result.Jobs.Select(job => (job.JobId, job.Missing, job.Unexpected)).OrderBy(job => whole.Result.Jobs.ToList().FindIndex(j => j.JobId == job.JobId)));
    }

    [Fact]
    public async Task What_became_of_a_dead_letter_is_counted_again()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes, new RetryPolicy { MaxRetries = 0 });
        bench.WorkersAreAway = true;
        await bench.RunUntilAsync(Three.AddMinutes(10), Minute);
        await bench.EndAsync((await bench.Pipeline.TakeAsync()).Single(), AttemptResult.TimedOut);
        bench.WorkersAreAway = false;
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();
        Assert.Equal((1, 4, 0), ((await bench.HourAsync(Three))!.Counts.DeadLettered, (await bench.HourAsync(Three))!.Counts.Succeeded, (await bench.HourAsync(Three))!.Difference));

        var letter = (await bench.Pipeline.DeadLetters.ListAsync(new DeadLetterQuery { Tenant = "t" }, Pipeline.None)).Items.Single();
        await bench.EndAsync(letter.Redriven());
        await bench.RunUntilAsync(Four + LedgerScan.Margin + LedgerScan.Again, Minute);
        await bench.ScanAsync();

        Assert.Equal((0, 5, 2), ((await bench.HourAsync(Three))!.Counts.DeadLettered, (await bench.HourAsync(Three))!.Counts.Succeeded, (await bench.HourAsync(Three))!.Looks));
    }

    [Fact]
    public async Task A_small_tenant_is_told_up_to_a_moment_ago_and_a_loss_since_the_last_closed_hour_too()
    {
        await using var bench = await LedgerBench.OpenAsync();
        await bench.Pipeline.WriteJobAsync(LedgerBench.EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        await bench.ScanAsync();
        await bench.RunUntilAsync(Four.AddMinutes(32), Minute);

        var day = (await ReadAsync(bench))!;
        Assert.Equal((Four, Four.AddMinutes(32) - LedgerDays.Settling, 9, 0), (day.ClosedTo, day.To, day.Hours.Sum(h => h.Expected), day.Hours.Sum(h => h.Difference)));
        Assert.Equal(9, day.Hours.Sum(h => h.Counts.Succeeded));

        await bench.RemoveRowAsync(Four.AddMinutes(10));
        day = (await ReadAsync(bench))!;
        Assert.Equal([Four.AddMinutes(10)], day.Hours.SelectMany(h => h.Jobs).Single().FirstMissing);
    }

    [Fact]
    public async Task A_day_of_which_there_is_no_ledger_is_not_made_up()
    {
        await using var bench = await LedgerBench.OpenAsync();

        Assert.Null(await bench.Days.ReadAsync("t", new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), Pipeline.None));
    }

    /// <summary>The second look comes after a second, which somebody must let pass.</summary>
    private static async Task<LedgerDay?> ReadAsync(LedgerBench bench)
    {
        var reading = bench.Days.ReadAsync("t", new DateTimeOffset(Three.Date, TimeSpan.Zero), Pipeline.None);
        while (!reading.IsCompleted)
        {
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
            if (!reading.IsCompleted)
                bench.Pipeline.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        return await reading;
    }

    private static Task InventAsync(LedgerBench bench, string job, DateTimeOffset due) => bench.Pipeline.History.WriteAsync(
        [
            new HistoryRow
            {
                Tenant = "t",
                JobId = job,
                ExecutionId = ExecutionId.Of(job, due),
                ScheduledAt = due,
                Trigger = Trigger.Schedule,
                Attempt = 1,
                Status = ExecutionStatus.Succeeded,
                Result = AttemptResult.Succeeded,
                StartedAt = due,
                DurationMs = 1,
                Node = "node",
                TraceId = "0123456789abcdef0123456789abcdef",
            },
        ],
        Pipeline.None);

    /// <summary>Other tests' ledgers tell theirs too: this one's alarm has a meter of its own, and only that is listened to.</summary>
    private static double GaugeOf(LedgerBench bench, string name)
    {
        var measured = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == name && instrument.Meter == bench.Alarm.Meter)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => measured.Add(value));
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => measured.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        return Assert.Single(measured);
    }
}
