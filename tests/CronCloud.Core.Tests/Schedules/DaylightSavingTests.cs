using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Schedules;

/// <summary>Worked out by hand from the IANA rules.</summary>
public sealed class DaylightSavingTests
{
    [Theory]
    // New York, 8 March 2026: 02:00 EST (07:00Z) becomes 03:00 EDT. A time in the gap fires at the gap's end.
    [InlineData("America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z")]
    [InlineData("America/New_York", "0 3 * * *", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z", "2026-03-09T07:00:00Z")]
    [InlineData("America/New_York", "*/30 * * * *", "2026-03-08T06:00:00Z", "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z")]
    // New York, 1 November 2026: 02:00 EDT (06:00Z) becomes 01:00 EST. A fixed time fires once, an interval in both passes.
    [InlineData("America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z")]
    [InlineData("America/New_York", "30 * * * *", "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z")]
    // London, 29 March 2026: 01:00 GMT becomes 02:00 BST; 25 October 2026: 02:00 BST (01:00Z) becomes 01:00 GMT.
    [InlineData("Europe/London", "30 1 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("Europe/London", "30 1 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("Europe/London", "*/30 * * * *", "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z")]
    // Lord Howe, 4 October 2026: 02:00 (+10:30, 15:30Z) becomes 02:30 (+11); 5 April 2026: 02:00 (+11, 15:00Z) becomes 01:30 (+10:30).
    [InlineData("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z")]
    [InlineData("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z")]
    [InlineData("Australia/Lord_Howe", "*/15 1 * * *", "2026-04-04T14:40:00Z", "2026-04-04T14:45:00Z", "2026-04-04T15:00:00Z")]
    // Casablanca in Ramadan 2026: 15 February, 03:00 (+1, 02:00Z) becomes 02:00 (+0); 22 March, 02:00 (+0) becomes 03:00 (+1).
    [InlineData("Africa/Casablanca", "0 12 * * *", "2026-02-14T00:00:00Z", "2026-02-14T11:00:00Z", "2026-02-15T12:00:00Z")]
    [InlineData("Africa/Casablanca", "30 2 * * *", "2026-03-21T12:00:00Z", "2026-03-22T02:00:00Z", "2026-03-23T01:30:00Z")]
    [InlineData("Africa/Casablanca", "30 2 * * *", "2026-02-14T12:00:00Z", "2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z")]
    [InlineData("Africa/Casablanca", "30 * * * *", "2026-02-15T01:00:00Z", "2026-02-15T01:30:00Z", "2026-02-15T02:30:00Z")]
    // Dublin's winter time is its daylight saving time: 29 March 2026, 01:00Z; 25 October 2026, 01:00Z.
    [InlineData("Europe/Dublin", "30 1 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("Europe/Dublin", "30 1 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("Europe/Dublin", "0 0 1 1 *", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z")]
    // Kathmandu has +05:45 all year.
    [InlineData("Asia/Kathmandu", "0 6 * * *", "2026-12-01T00:00:00Z", "2026-12-01T00:15:00Z", "2026-12-02T00:15:00Z")]
    public void Changes_of_clocks_follow_the_rules(string zone, string cron, string after, string first, string second)
    {
        var schedule = Parsed.Of(new ScheduleSpec { Cron = cron, TimeZone = zone });

        Assert.Equal([Parsed.Instant(first), Parsed.Instant(second)], schedule.Upcoming(Parsed.Instant(after), 2));
    }

    [Fact]
    public void An_hour_by_H_is_a_fixed_time_and_fires_once_in_the_overlap()
    {
        for (var i = 0; i < 100; i++)
        {
            var schedule = Parsed.Of(new ScheduleSpec { Cron = "H H(1-1) * * *", TimeZone = "America/New_York" }, $"t/{i}");
            Assert.Single(schedule.Upcoming(Parsed.Instant("2026-11-01T04:00:00Z"), 5), o => o < Parsed.Instant("2026-11-02T04:00:00Z"));
        }
    }

    [Fact]
    public void An_interval_counts_in_UTC_whatever_the_clocks_do()
    {
        var schedule = Parsed.Of(new ScheduleSpec { Every = TimeSpan.FromHours(1), Anchor = Parsed.Instant("2026-03-08T00:00:00Z") });

        Assert.All(schedule.Upcoming(Parsed.Instant("2026-03-08T00:00:00Z"), 48).Zip(Enumerable.Range(1, 48)), o => Assert.Equal(Parsed.Instant("2026-03-08T00:00:00Z").AddHours(o.Second), o.First));
    }
}
