using CronCloud.Core.Schedules;

namespace CronCloud.Simulation.Checking;

/// <summary>The checker's own idea of schedules: it tries every second, and shares no code with the product.</summary>
internal static class Occurrences
{
    private static readonly Dictionary<string, Func<DateTimeOffset, bool>> ByCron = new()
    {
        ["*/3 * * * * *"] = t => t.Second % 3 == 0,
        ["*/5 * * * * *"] = t => t.Second % 5 == 0,
        ["*/10 * * * * *"] = t => t.Second % 10 == 0,
        ["7-50/9 * * * * *"] = t => t.Second is 7 or 16 or 25 or 34 or 43,
        ["11,12,40 * * * * *"] = t => t.Second is 11 or 12 or 40,
        ["* * * * *"] = t => t.Second == 0,
    };

    public static readonly IReadOnlyList<string> Crons = [.. ByCron.Keys];

    /// <summary>Occurrences after the one instant and up to the other.</summary>
    public static IEnumerable<DateTimeOffset> Of(ScheduleSpec schedule, DateTimeOffset after, DateTimeOffset until) =>
        Plain(schedule, after, until).Where(s => s > after && s <= until && !(s < schedule.StartAt) && !(s > schedule.EndAt));

    public static bool Has(ScheduleSpec schedule, DateTimeOffset instant) => Of(schedule, instant.AddSeconds(-1), instant).Contains(instant);

    private static IEnumerable<DateTimeOffset> Plain(ScheduleSpec schedule, DateTimeOffset after, DateTimeOffset until)
    {
        if (schedule.At is { } at)
        {
            yield return at;
        }
        else if (schedule.Every is { } every)
        {
            var first = schedule.Anchor!.Value;
            var skipped = Math.Max(0, ((after - first).Ticks / every.Ticks) - 1);
            for (var s = first + (every * skipped); s <= until; s += every)
                yield return s;
        }
        else
        {
            var fires = ByCron[schedule.Cron!];
            for (var s = World.Start + TimeSpan.FromSeconds(Math.Floor((after - World.Start).TotalSeconds)); s <= until; s = s.AddSeconds(1))
            {
                if (fires(s))
                    yield return s;
            }
        }
    }
}
