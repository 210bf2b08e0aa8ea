using System.Globalization;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Schedules;

internal static class Parsed
{
    public static Schedule Of(ScheduleSpec spec, string seed = "t/job")
    {
        var schedule = Schedule.Parse(spec, seed, out var errors);
        Assert.True(schedule is not null, string.Join("; ", errors.Select(e => $"{e.Field}: {e.Message}")));
        return schedule;
    }

    public static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
