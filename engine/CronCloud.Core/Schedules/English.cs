using System.Globalization;

namespace CronCloud.Core.Schedules;

/// <summary>Instants, durations and lists in plain English.</summary>
internal static class English
{
    public static string Instant(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        return utc.ToString(utc.Millisecond == 0 ? "yyyy-MM-dd HH:mm:ss 'UTC'" : "yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);
    }

    /// <summary>minute, 15 minutes, 1 hour 30 minutes.</summary>
    public static string Duration(TimeSpan value)
    {
        (int Count, string Unit)[] parts = [((int)value.TotalDays, "day"), (value.Hours, "hour"), (value.Minutes, "minute"), (value.Seconds, "second"), (value.Milliseconds, "millisecond")];
        var used = parts.Where(p => p.Count > 0).ToList();
        return used is [{ Count: 1 } one] ? one.Unit : string.Join(' ', used.Select(p => Count(p.Count, p.Unit)));
    }

    public static string Count(int count, string unit) => count == 1 ? $"1 {unit}" : string.Create(CultureInfo.InvariantCulture, $"{count} {unit}s");

    /// <summary>a, b and c.</summary>
    public static string List(IReadOnlyList<string> items, string last = "and") => items.Count switch
    {
        0 => "",
        1 => items[0],
        _ => $"{string.Join(", ", items.Take(items.Count - 1))} {last} {items[^1]}",
    };

    public static string Ordinal(int number) => number switch
    {
        11 or 12 or 13 => $"{number}th",
        _ when number % 10 == 1 => $"{number}st",
        _ when number % 10 == 2 => $"{number}nd",
        _ when number % 10 == 3 => $"{number}rd",
        _ => $"{number}th",
    };
}
