using CronCloud.Engine.Jobs;
using CronCloud.Engine.Ledger;
using static CronCloud.Engine.Tests.Ledger.LedgerBench;

namespace CronCloud.Engine.Tests.Ledger;

/// <summary>What is lost or invented: it is named, and told when it is still so at the second look.</summary>
public sealed class LedgerDifferenceTests
{
    [Fact]
    public async Task An_occurrence_whose_row_is_gone_is_missing_and_named_and_operators_are_told_at_the_second_look()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
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
        Assert.Equal(1, bench.GaugeOf("croncloud.ledger.difference"));
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
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
        await bench.InventAsync("job", Three.AddMinutes(15));
        await bench.InventAsync("nobody", Three.AddMinutes(16));

        await bench.ScanAsync();

        var hour = (await bench.HourAsync(Three))!;
        Assert.Equal((5, 5, 0, 2, 2), (hour.Expected, hour.Recorded, hour.Missing, hour.Unexpected, hour.Difference));
        Assert.Equal([("job", Three.AddMinutes(15)), ("nobody", Three.AddMinutes(16))], hour.Jobs.Select(job => (job.JobId, job.FirstUnexpected[0])));
    }

    [Fact]
    public async Task A_loss_and_an_invention_of_one_job_in_one_hour_do_not_cancel_each_other()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
        await bench.RemoveRowAsync(Three.AddMinutes(20));
        await bench.InventAsync("job", Three.AddMinutes(21));

        await bench.ScanAsync();

        var job = Assert.Single((await bench.HourAsync(Three))!.Jobs);
        Assert.Equal((5, 5, 1, 1), (job.Expected, job.Recorded, job.Missing, job.Unexpected));
    }

    [Fact]
    public async Task A_difference_that_is_gone_at_the_second_look_was_no_alarm()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
        await bench.RemoveRowAsync(Three.AddMinutes(20));
        await bench.ScanAsync();
        Assert.Equal(1, (await bench.HourAsync(Three))!.Difference);

        await bench.InventAsync("job", Three.AddMinutes(20));
        await bench.RunUntilAsync(Four + LedgerScan.Margin + LedgerScan.Again, Minute);
        await bench.ScanAsync();

        Assert.Equal((2, 0), ((await bench.HourAsync(Three))!.Looks, (int)(await bench.HourAsync(Three))!.Difference));
        Assert.Empty(bench.Told);
    }

    [Fact]
    public async Task A_difference_that_was_told_and_is_gone_is_told_as_that()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
        await bench.RemoveRowAsync(Three.AddMinutes(20));
        await bench.ScanAsync();
        await bench.RunUntilAsync(Four + LedgerScan.Margin + LedgerScan.Again, Minute);
        await bench.ScanAsync();
        await bench.InventAsync("job", Three.AddMinutes(20));
        await bench.RunUntilAsync(Four + LedgerScan.Margin + (3 * LedgerScan.Again), Minute);
        await bench.ScanAsync();

        Assert.Equal("Information LedgerSettled: The ledger of tenant t agrees by now for the hour from 2026-12-01 03:00:00Z", bench.Told[^1]);
        await bench.RunUntilAsync(Four + LedgerScan.Margin + (4 * LedgerScan.Again), Minute);
        await bench.ScanAsync();
        Assert.Equal(0, bench.GaugeOf("croncloud.ledger.difference"));
    }

    [Fact]
    public async Task A_loss_of_before_a_standstill_of_more_than_a_day_is_told()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
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
        Assert.Equal(1, bench.GaugeOf("croncloud.ledger.difference"));
        await bench.RunUntilAsync(Four.AddHours(65), Minute * 10);
        await bench.ScanAsync();
        Assert.Equal(0, bench.GaugeOf("croncloud.ledger.difference"));
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
        Assert.Equal(1, bench.GaugeOf("croncloud.ledger.difference"));
    }
}
