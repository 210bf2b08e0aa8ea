using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Schedules;

public sealed class DescriptionTests
{
    [Theory]
    [InlineData("* * * * *", "Every minute")]
    [InlineData("*/5 * * * *", "Every 5 minutes")]
    [InlineData("* * * * * *", "Every second")]
    [InlineData("0 3 * * *", "At 03:00")]
    [InlineData("30 0 3 * * *", "At 03:00:30")]
    [InlineData("0 3 * * MON-FRI", "At 03:00, Monday through Friday")]
    [InlineData("0 9,17 * * *", "At 09:00 and 17:00")]
    [InlineData("17 * * * *", "At minute 17 past every hour")]
    [InlineData("0 3 1 * *", "At 03:00 on day 1 of the month")]
    [InlineData("0 3 L * *", "At 03:00 on the last day of the month")]
    [InlineData("0 3 15W * *", "At 03:00 on the weekday nearest day 15 of the month")]
    [InlineData("0 3 * * 5#2", "At 03:00 on the 2nd Friday of the month")]
    [InlineData("0 3 * * 5L", "At 03:00 on the last Friday of the month")]
    [InlineData("0 0 13 * FRI", "At 00:00, on day 13 of the month or on Friday")]
    [InlineData("0 3 * JAN,JUL *", "At 03:00 in January and July")]
    [InlineData("*/15 9-17 * * MON-FRI", "Every 15 minutes from 09:00 to 17:59, Monday through Friday")]
    [InlineData("0 */2 * * *", "At minute 0 past every 2 hours")]
    [InlineData("@daily", "At 00:00")]
    public void A_cron_reads_as_English(string cron, string english) => Assert.Equal(english, Parsed.Of(new ScheduleSpec { Cron = cron }).Describe());

    [Fact]
    public void Zones_intervals_instants_and_bounds_are_told()
    {
        var at = Parsed.Instant("2026-12-01T03:00:00Z");

        Assert.Equal("At 03:00 (Europe/London)", Parsed.Of(new ScheduleSpec { Cron = "0 3 * * *", TimeZone = "Europe/London" }).Describe());
        Assert.Equal("Every 15 minutes", Parsed.Of(new ScheduleSpec { Every = TimeSpan.FromMinutes(15) }).Describe());
        Assert.Equal("Every hour", Parsed.Of(new ScheduleSpec { Every = TimeSpan.FromHours(1) }).Describe());
        Assert.Equal("Once, at 2026-12-01 03:00:00 UTC", Parsed.Of(new ScheduleSpec { At = at }).Describe());
        Assert.Equal("Every minute, from 2026-12-01 03:00:00 UTC, until 2026-12-02 03:00:00 UTC", Parsed.Of(new ScheduleSpec { Cron = "* * * * *", StartAt = at, EndAt = at.AddDays(1) }).Describe());
    }
}
