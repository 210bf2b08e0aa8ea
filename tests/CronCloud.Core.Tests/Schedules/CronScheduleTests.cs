using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Schedules;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("0 3 * * *", "2026-12-01T03:00:00Z", "2026-12-02T03:00:00Z")]
    [InlineData("*/15 * * * *", "2026-12-01T03:07:30Z", "2026-12-01T03:15:00Z")]
    [InlineData("30 0 3 * * *", "2026-12-01T00:00:00Z", "2026-12-01T03:00:30Z")]
    [InlineData("0 9 * * MON-FRI", "2026-12-04T09:00:00Z", "2026-12-07T09:00:00Z")]
    [InlineData("0 0 1 jan,jul *", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("0 12 L * *", "2026-02-01T00:00:00Z", "2026-02-28T12:00:00Z")]
    [InlineData("0 12 15W * *", "2026-08-01T00:00:00Z", "2026-08-14T12:00:00Z")]
    [InlineData("0 12 * * 5#2", "2026-12-01T00:00:00Z", "2026-12-11T12:00:00Z")]
    [InlineData("0 12 * * 5L", "2026-12-01T00:00:00Z", "2026-12-25T12:00:00Z")]
    [InlineData("0 0 * * 7", "2026-12-01T00:00:00Z", "2026-12-06T00:00:00Z")]
    [InlineData("0 0 * * 0", "2026-12-01T00:00:00Z", "2026-12-06T00:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-12-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("@daily", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z")]
    [InlineData("@hourly", "2026-12-01T00:00:00Z", "2026-12-01T01:00:00Z")]
    [InlineData("@yearly", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    public void The_next_occurrence_is_the_first_strictly_after(string cron, string after, string next) =>
        Assert.Equal(Instant(next), Cron(cron).Next(Instant(after)));

    [Theory]
    [InlineData("2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z")]
    [InlineData("2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z")]
    [InlineData("2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z")]
    public void Day_of_month_and_day_of_week_both_restricted_mean_either(string after, string next) =>
        Assert.Equal(Instant(next), Cron("0 0 13 * FRI").Next(Instant(after)));

    [Theory]
    [InlineData("H * * * *")]
    [InlineData("H H * * *")]
    [InlineData("H(0-29)/10 * * * *")]
    [InlineData("H/15 * * * *")]
    [InlineData("0 0 H * *")]
    [InlineData("H H(9-17) * * H(1-5)")]
    public void H_is_the_same_for_a_job_and_spreads_jobs(string cron)
    {
        var after = Instant("2026-12-01T00:00:00Z");

        Assert.Equal(Cron(cron, "t/a").Upcoming(after, 5), Cron(cron, "t/a").Upcoming(after, 5));
        Assert.True(Enumerable.Range(0, 200).Select(i => Cron(cron, $"t/job-{i}").Next(after)).Distinct().Count() > 4);
    }

    [Fact]
    public void H_stays_within_its_range()
    {
        var after = Instant("2026-12-01T00:00:00Z");
        for (var i = 0; i < 200; i++)
        {
            Assert.All(Cron("H(10-20) H(1-3) * * *", $"t/{i}").Upcoming(after, 3), o => Assert.True(o.Minute is >= 10 and <= 20 && o.Hour is >= 1 and <= 3));
            Assert.InRange(Cron("0 0 H * *", $"t/{i}").Next(after)!.Value.Day, 1, 28);
            var quarters = Cron("H/15 * * * *", $"t/{i}").Upcoming(after, 4).Select(o => o.Minute).ToList();
            Assert.Equal([15, 15, 15], quarters.Order().Zip(quarters.Order().Skip(1), (a, b) => b - a));
        }
    }

    [Fact]
    public void H_of_a_job_is_fixed_for_ever()
    {
        Assert.Equal(17280346270528514342UL, StableHash.Of(""));
        Assert.Equal(Instant("2026-12-01T03:08:00Z"), Cron("H 3 * * *", "default/preview").Next(Instant("2026-12-01T00:00:00Z")));
    }

    private static Schedule Cron(string cron, string seed = "t/job") => Parsed.Of(new ScheduleSpec { Cron = cron }, seed);

    private static DateTimeOffset Instant(string text) => Parsed.Instant(text);
}
