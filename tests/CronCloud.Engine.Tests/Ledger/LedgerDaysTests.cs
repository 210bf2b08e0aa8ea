using CronCloud.Engine.Ledger;
using static CronCloud.Engine.Tests.Ledger.LedgerBench;

namespace CronCloud.Engine.Tests.Ledger;

/// <summary>What a day is told as: its closed hours, and the rest up to a moment ago.</summary>
public sealed class LedgerDaysTests
{
    [Fact]
    public async Task A_small_tenant_is_told_up_to_a_moment_ago_and_a_loss_since_the_last_closed_hour_too()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
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
    public async Task While_history_lags_no_loss_of_an_open_hour_is_told()
    {
        await using var bench = await LedgerBench.OpenAfterAnHourAsync();
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
}
