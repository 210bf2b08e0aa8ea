using CronCloud.Core.Schedules;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace CronCloud.Core.Tests.Schedules;

public sealed class DueTallyTests
{
    private static readonly DateTimeOffset Start = Parsed.Instant("2026-03-28T22:00:00Z");

    [Property(MaxTest = 300)]
    public Property A_tally_by_arithmetic_is_that_of_going_through_them() => Prop.ForAll(Cases(), c =>
    {
        var counted = default(DueTally);
        for (var due = c.Schedule.Next(c.After); due <= c.Until; due = c.Schedule.Next(due.Value))
            counted += DueTally.Of(due.Value);

        Assert.Equal(counted, c.Schedule.Tally(c.After, c.Until));
    });

    [Fact]
    public void A_time_that_is_missing_and_one_too_many_do_not_cancel_each_other()
    {
        var (one, other) = (DueTally.Of(Start), DueTally.Of(Start.AddSeconds(1)));

        Assert.Equal(one.Count, other.Count);
        Assert.NotEqual(one, other);
    }

    [Fact]
    public void An_hour_of_every_second_is_counted_without_going_through_it()
    {
        var schedule = Parsed.Of(new ScheduleSpec { Every = TimeSpan.FromSeconds(1), Anchor = Start });

        Assert.Equal(3_600, schedule.Tally(Start.AddMilliseconds(-1), Start.AddHours(1).AddMilliseconds(-1)).Count);
        Assert.Equal(0, schedule.Tally(Start, Start.AddMilliseconds(999)).Count);
        Assert.Equal(1, schedule.Tally(Start, Start.AddSeconds(1)).Count);
    }

    private static Arbitrary<(Schedule Schedule, DateTimeOffset After, DateTimeOffset Until)> Cases() => Arb.From(
        from spec in Gen.Elements(
            new ScheduleSpec { Every = TimeSpan.FromSeconds(17) },
            new ScheduleSpec { Every = TimeSpan.FromMilliseconds(90_500), Anchor = Start.AddHours(1) },
            new ScheduleSpec { Cron = "*/7 * * * *", TimeZone = "Europe/London" },
            new ScheduleSpec { Cron = "30 1 * * *", TimeZone = "Europe/London" },
            new ScheduleSpec { At = Start.AddHours(3) })
        from jitter in Gen.Choose(0, 90_000)
        from starts in Gen.Choose(-5_000, 20_000)
        from lasts in Gen.Choose(1, 20_000)
        from seed in Gen.Choose(0, 50)
        from after in Gen.Choose(-10_000, 20_000)
        from length in Gen.Choose(0, 20_000)
        let whole = spec with
        {
            Jitter = jitter % 2 == 0 ? null : TimeSpan.FromMilliseconds(jitter),
            StartAt = spec.At is null && starts > 0 ? Start.AddSeconds(starts) : null,
            EndAt = spec.At is null && lasts % 3 == 0 ? Start.AddSeconds(Math.Max(starts, 0) + 100_000 + lasts) : null,
        }
        select (Parsed.Of(whole, $"t/{seed}"), Start.AddSeconds(after), Start.AddSeconds(after + length)));
}
