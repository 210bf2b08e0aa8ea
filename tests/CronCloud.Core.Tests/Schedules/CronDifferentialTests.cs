using CronCloud.Core.Schedules;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace CronCloud.Core.Tests.Schedules;

/// <summary>The schedule against a walk, minute by minute, with a matcher that knows nothing of it.</summary>
public sealed class CronDifferentialTests
{
    private static readonly DateTimeOffset Start = Parsed.Instant("2026-01-01T00:00:00Z");

    [Property(MaxTest = 300)]
    public Property The_occurrences_are_those_of_a_brute_force_walk()
    {
        var cases = from minute in Field(0, 59)
                    from hour in Field(0, 23)
                    from day in Field(1, 31)
                    from month in Gen.Frequency((3, Gen.Constant("*")), (1, Field(1, 12)))
                    from weekday in Field(0, 6)
                    from offset in Gen.Choose(0, 60 * 24 * 400)
                    select (Fields: new[] { minute, hour, day, month, weekday }, After: Start.AddMinutes(offset));
        return Prop.ForAll(Arb.From(cases), c =>
        {
            var schedule = Schedule.Parse(new ScheduleSpec { Cron = string.Join(' ', c.Fields) }, "t/job", out _);
            if (schedule is null)
                return; // a day that its months do not have
            var walked = Walk(c.Fields, c.After).Take(3).ToList();
            Assert.Equal(walked, schedule.Upcoming(c.After, 3).Where(o => o <= c.After.AddDays(40)).Take(walked.Count));
        });
    }

    private static Gen<string> Field(int min, int max)
    {
        var one = Gen.Choose(min, max).Select(n => $"{n}");
        var range = from a in Gen.Choose(min, max) from b in Gen.Choose(a, max) select $"{a}-{b}";
        var step = from a in Gen.Choose(min, max) from b in Gen.Choose(a, max) from s in Gen.Choose(1, Math.Max(1, max / 2)) select $"{a}-{b}/{s}";
        var list = from a in one from b in range select $"{a},{b}";
        return Gen.Frequency((4, Gen.Constant("*")), (3, one), (2, range), (1, step), (1, list));
    }

    /// <summary>Forty days of minutes.</summary>
    private static IEnumerable<DateTimeOffset> Walk(string[] fields, DateTimeOffset after)
    {
        for (var at = after.AddMinutes(1); at <= after.AddDays(40); at = at.AddMinutes(1))
        {
            if (Matches(fields[0], at.Minute, 0, 59) && Matches(fields[1], at.Hour, 0, 23) && Matches(fields[3], at.Month, 1, 12) && DayMatches(fields, at))
                yield return at;
        }
    }

    private static bool DayMatches(string[] fields, DateTimeOffset at)
    {
        var (day, weekday) = (Matches(fields[2], at.Day, 1, 31), Matches(fields[4], (int)at.DayOfWeek, 0, 6));
        return fields[2] != "*" && fields[4] != "*" ? day || weekday : day && weekday;
    }

    private static bool Matches(string field, int value, int min, int max) => field.Split(',').Any(part =>
    {
        var pieces = part.Split('/');
        var ends = pieces[0] == "*" ? [min, max] : pieces[0].Split('-').Select(int.Parse).ToArray();
        var step = pieces.Length > 1 ? int.Parse(pieces[1]) : 1;
        return value >= ends[0] && value <= ends[^1] && (value - ends[0]) % step == 0;
    });
}
