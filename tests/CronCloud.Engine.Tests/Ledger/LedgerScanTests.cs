using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Ledger;
using static CronCloud.Engine.Tests.Ledger.LedgerBench;

namespace CronCloud.Engine.Tests.Ledger;

/// <summary>When an hour is closed and looked at again: what is open or lags then is no loss.</summary>
public sealed class LedgerScanTests
{
    [Fact]
    public async Task An_hour_whose_occurrences_are_all_in_history_agrees()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();

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
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
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
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
        await bench.ScanAsync();
        Assert.Equal(0, bench.GaugeOf("croncloud.ledger.age"));

        bench.HistoryIsAway = true;
        await bench.RunUntilAsync(Four.AddHours(3), Minute);
        await bench.ScanAsync();

        Assert.Equal(TimeSpan.FromHours(2).TotalSeconds, bench.GaugeOf("croncloud.ledger.age"));
        bench.Pipeline.Time.Advance(Minute);
        Assert.Equal(TimeSpan.FromHours(2).TotalSeconds + 60, bench.GaugeOf("croncloud.ledger.age"));
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
}
