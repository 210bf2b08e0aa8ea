using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Ledger;
using static CronCloud.Engine.Tests.Ledger.LedgerBench;

namespace CronCloud.Engine.Tests.Ledger;

/// <summary>One comparison: what edits and ranges come to, however it is cut and whatever fails on the way.</summary>
public sealed class ReckoningTests
{
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
        await bench.InventAsync("job", Three.AddMinutes(20.5));
        await bench.InventAsync("job", Three.AddMinutes(21));
        await bench.InventAsync("job", Three.AddMinutes(21.5));

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.Equal((42, 42, 0, 1), (hour.Expected, hour.Recorded, hour.Missing, hour.Unexpected));
        Assert.Equal([Three.AddMinutes(21.5)], Assert.Single(hour.Jobs).FirstUnexpected);
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
            await bench.InventAsync(job, Three.AddMilliseconds(1));

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
}
