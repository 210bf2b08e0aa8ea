using CronCloud.Core.Schedules;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace CronCloud.Core.Tests.Schedules;

public sealed class SchedulePropertyTests
{
    private static readonly string[] Zones = ["UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Dublin", "Asia/Kathmandu"];
    private static readonly string[] Crons = ["* * * * *", "*/7 * * * *", "30 1 * * *", "30 2 * * *", "0 0 13 * FRI", "H H * * *", "*/20 */10 1-2 * * *", "0 12 L * *", "15,45 1-3 * * SUN"];

    [Property(MaxTest = 500)]
    public Property Occurrences_rise_strictly_and_lie_behind_the_instant() => Prop.ForAll(Cases(), c =>
    {
        var previous = c.After;
        foreach (var occurrence in c.Schedule.Upcoming(c.After, 20))
        {
            Assert.True(occurrence > previous);
            Assert.Equal(0, occurrence.Ticks % TimeSpan.TicksPerMillisecond);
            Assert.Equal(TimeSpan.Zero, occurrence.Offset);
            previous = occurrence;
        }
    });

    [Property(MaxTest = 500)]
    public Property Nothing_lies_between_an_instant_and_its_next() => Prop.ForAll(Cases(), c =>
    {
        if (c.Schedule.Next(c.After) is not { } next)
            return;
        Assert.Equal(next, c.Schedule.Next(next.AddTicks(-1)));
        Assert.Equal(next, c.Schedule.Next(c.After + ((next - c.After) / 2)));
        Assert.NotEqual(next, c.Schedule.Next(next));
    });

    [Fact]
    public void Bounds_are_inclusive()
    {
        var (start, end) = (Parsed.Instant("2026-12-01T03:00:00Z"), Parsed.Instant("2026-12-03T03:00:00Z"));
        var schedule = Parsed.Of(new ScheduleSpec { Cron = "0 3 * * *", StartAt = start, EndAt = end });

        Assert.Equal([start, start.AddDays(1), end], schedule.Upcoming(start.AddDays(-9), 10));
        Assert.Equal(end, schedule.Last);
        Assert.Null(schedule.Next(end));
    }

    [Theory]
    [InlineData(null, "2026-12-03T02:59:59Z", "2026-12-02T03:00:00Z")]
    [InlineData(null, "2027-12-03T00:00:00Z", "2027-12-02T03:00:00Z")]
    [InlineData(null, null, null)]
    public void The_last_occurrence_is_exact(string? start, string? end, string? last)
    {
        var schedule = Parsed.Of(new ScheduleSpec
        {
            Cron = "0 3 * * *",
            StartAt = start is null ? null : Parsed.Instant(start),
            EndAt = end is null ? null : Parsed.Instant(end),
        });

        Assert.Equal(last is null ? null : Parsed.Instant(last), schedule.Last);
    }

    [Fact]
    public void One_instant_comes_once()
    {
        var at = Parsed.Instant("2026-12-01T03:00:00.250Z");
        var schedule = Parsed.Of(new ScheduleSpec { At = at });

        Assert.Equal([at], schedule.Upcoming(at.AddYears(-1), 5));
        Assert.Null(schedule.Next(at));
        Assert.Equal(at, schedule.Last);
    }

    [Fact]
    public void Jitter_shifts_a_job_by_a_fixed_time_and_never_makes_it_early()
    {
        var after = Parsed.Instant("2026-12-01T00:00:00Z");
        var shifts = new HashSet<TimeSpan>();
        for (var i = 0; i < 100; i++)
        {
            var jittered = Parsed.Of(new ScheduleSpec { Cron = "0 * * * *", Jitter = TimeSpan.FromSeconds(30) }, $"t/{i}").Upcoming(after, 5).ToList();
            var shift = jittered[1] - Parsed.Instant("2026-12-01T01:00:00Z");
            shifts.Add(shift < TimeSpan.FromMinutes(30) ? shift : jittered[0] - Parsed.Instant("2026-12-01T01:00:00Z"));
            Assert.All(jittered, o => Assert.InRange(o.Minute * 60 + o.Second, 0, 30));
            Assert.Equal(jittered[0].AddHours(1), jittered[1]);
        }

        Assert.True(shifts.Count > 50);
    }

    [Fact]
    public void An_interval_begins_at_its_anchor()
    {
        var anchor = Parsed.Instant("2026-12-01T00:00:07Z");
        var schedule = Parsed.Of(new ScheduleSpec { Every = TimeSpan.FromMinutes(15), Anchor = anchor });

        Assert.Equal([anchor, anchor.AddMinutes(15)], schedule.Upcoming(anchor.AddDays(-1), 2));
        Assert.Equal(anchor.AddMinutes(30), schedule.Next(anchor.AddMinutes(15)));
    }

    [Fact]
    public void Intervals_without_an_anchor_are_spread()
    {
        var after = Parsed.Instant("2026-12-01T00:00:00Z");
        var first = Enumerable.Range(0, 200).Select(i => Parsed.Of(new ScheduleSpec { Every = TimeSpan.FromHours(1) }, $"t/{i}").Next(after));

        Assert.True(first.Distinct().Count() > 150);
    }

    [Fact]
    public void The_ends_of_time_do_not_throw()
    {
        foreach (var spec in new[] { new ScheduleSpec { Cron = "* * * * *" }, new ScheduleSpec { Every = TimeSpan.FromDays(366) }, new ScheduleSpec { At = Parsed.Instant("2098-01-01T00:00:00Z"), Jitter = TimeSpan.FromDays(1) } })
        {
            var schedule = Parsed.Of(spec);
            Assert.NotNull(schedule.Next(DateTimeOffset.MinValue));
            Assert.Null(schedule.Next(DateTimeOffset.MaxValue));
        }
    }

    private static Arbitrary<(Schedule Schedule, DateTimeOffset After)> Cases()
    {
        var cron = from text in Gen.Elements(Crons) from zone in Gen.Elements(Zones) select new ScheduleSpec { Cron = text, TimeZone = zone };
        var every = from ms in Gen.Choose(1_000, 100_000_000) select new ScheduleSpec { Every = TimeSpan.FromMilliseconds(ms) };
        var cases = from spec in Gen.Frequency((3, cron), (1, every))
                    from jitter in Gen.Choose(0, 90_000)
                    from seed in Gen.Choose(0, 1_000)
                    from seconds in Gen.Choose(0, 2 * 365 * 24 * 3600)
                    from ms in Gen.Choose(0, 999)
                    select (Parsed.Of(jitter % 2 == 0 ? spec : spec with { Jitter = TimeSpan.FromMilliseconds(jitter) }, $"t/{seed}"), Parsed.Instant("2026-01-01T00:00:00Z").AddSeconds(seconds).AddMilliseconds(ms));
        return Arb.From(cases);
    }
}
