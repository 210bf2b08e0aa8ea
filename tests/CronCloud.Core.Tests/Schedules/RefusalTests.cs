using System.Diagnostics;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Schedules;

public sealed class RefusalTests
{
    [Theory]
    [InlineData("0 0 30 2 *", "never fires")]
    [InlineData("0 0 31 4,6,9,11 *", "never fires")]
    [InlineData("61 * * * *", "minute field '61'")]
    [InlineData("* 24 * * *", "hour field '24'")]
    [InlineData("* * 0 * *", "day-of-month field '0'")]
    [InlineData("* * * 13 *", "month field '13'")]
    [InlineData("* * * FOO *", "month field 'FOO'")]
    [InlineData("* * * * 8", "day-of-week field '8'")]
    [InlineData("60 * * * * *", "second field '60'")]
    [InlineData("1/2147483648 * * * *", "minute field '1/2147483648'")]
    [InlineData("*/0 * * * *", "minute field '*/0'")]
    [InlineData("99999999999999999999 * * * *", "minute field")]
    [InlineData("1-2-3 * * * *", "minute field '1-2-3'")]
    [InlineData(", * * * *", "minute field ''")]
    [InlineData("H(50-70) * * * *", "minute field 'H(50-70)'")]
    [InlineData("H( * * * *", "minute field 'H('")]
    [InlineData("H/99 * * * *", "minute field 'H/99'")]
    [InlineData("? * * * *", "minute field '?'")]
    [InlineData("* * * *", "has 4 fields")]
    [InlineData("* * * * * * *", "has 7 fields")]
    [InlineData("", "has 0 fields")]
    [InlineData("@fortnightly", "is no macro")]
    [InlineData("* * * *\n*", "printable ASCII")]
    [InlineData("٣ * * * *", "printable ASCII")]
    public void A_bad_cron_is_refused_with_its_field(string cron, string says)
    {
        var error = Refused(new ScheduleSpec { Cron = cron });

        Assert.Equal("/cron", error.Field);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_and_wide_expressions_are_refused()
    {
        Assert.Contains("at most 256", Refused(new ScheduleSpec { Cron = new string('*', 257) }).Message, StringComparison.Ordinal);
        Assert.Contains("65 parts", Refused(new ScheduleSpec { Cron = string.Join(',', Enumerable.Repeat("1", 65)) + " * * * *" }).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mars/Olympus")]
    [InlineData("W. Europe Standard Time")]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    public void A_zone_that_is_not_IANA_is_refused(string zone) => Assert.Equal("/timeZone", Refused(new ScheduleSpec { Cron = "* * * * *", TimeZone = zone }).Field);

    [Fact]
    public void What_does_not_fit_together_is_refused()
    {
        var at = Parsed.Instant("2026-12-01T00:00:00Z");

        Assert.Equal("", Refused(new ScheduleSpec()).Field);
        Assert.Equal("", Refused(new ScheduleSpec { Cron = "* * * * *", At = at }).Field);
        Assert.Equal("/every", Refused(new ScheduleSpec { Every = TimeSpan.FromMilliseconds(999) }).Field);
        Assert.Equal("/every", Refused(new ScheduleSpec { Every = TimeSpan.FromDays(367) }).Field);
        Assert.Equal("/timeZone", Refused(new ScheduleSpec { At = at, TimeZone = "Europe/London" }).Field);
        Assert.Equal("/anchor", Refused(new ScheduleSpec { At = at, Anchor = at }).Field);
        Assert.Equal("/endAt", Refused(new ScheduleSpec { Cron = "* * * * *", StartAt = at, EndAt = at }).Field);
        Assert.Equal("/jitter", Refused(new ScheduleSpec { Cron = "* * * * *", Jitter = TimeSpan.FromHours(25) }).Field);
        Assert.Equal("", Refused(new ScheduleSpec { Cron = "0 0 1 1 *", StartAt = at, EndAt = at.AddDays(3) }).Field);
        Assert.Equal("/at", Refused(new ScheduleSpec { At = Parsed.Instant("9999-01-01T00:00:00Z") }).Field);
    }

    /// <summary>The first parse warms up; the bound is the promise of 100 ms.</summary>
    private static ScheduleError Refused(ScheduleSpec spec)
    {
        Schedule.Parse(spec, "t/job", out _);
        var started = Stopwatch.GetTimestamp();
        var schedule = Schedule.Parse(spec, "t/job", out var errors);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMilliseconds(100));
        Assert.Null(schedule);
        return errors[0];
    }
}
