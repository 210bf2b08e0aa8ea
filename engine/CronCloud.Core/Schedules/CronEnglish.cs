using System.Globalization;

namespace CronCloud.Core.Schedules;

/// <summary>A cron expression in plain English: the time of day, then the days, then the months.</summary>
internal static class CronEnglish
{
    private static readonly string[] Weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    public static string Of(CronText cron)
    {
        var text = Time(cron);
        var day = CronText.IsRestricted(cron.Day) ? DayOfMonth(cron.Day) : null;
        var weekday = CronText.IsRestricted(cron.Weekday) ? Weekday(cron.Weekday) : null;
        text += (day, weekday) switch
        {
            ({ } d, { } w) => $", {d} or on {w}",
            ({ } d, null) => $" {d}",
            (null, { } w) => w.StartsWith("the ", StringComparison.Ordinal) ? $" on {w}" : $", {w}",
            _ => "",
        };
        if (cron.Month != "*")
            text += $" in {Parts(CronField.Month, cron.Month, m => CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(m))}";
        return text;
    }

    private static string Time(CronText cron)
    {
        if (Fixed(CronField.Hour, cron.Hour) is { } hours && Fixed(CronField.Minute, cron.Minute) is { } minutes && Fixed(CronField.Second, cron.Second) is [var second]
            && hours.Count * minutes.Count <= 6)
        {
            var times = from hour in hours from minute in minutes select second == 0 ? $"{hour:00}:{minute:00}" : $"{hour:00}:{minute:00}:{second:00}";
            return $"At {English.List([.. times])}";
        }

        var parts = new List<string>();
        if (cron.Second != "0")
            parts.Add(Unit(CronField.Second, cron.Second));
        if (cron.Minute != "*" || cron.Second == "0")
            parts.Add(Unit(CronField.Minute, cron.Minute));
        if (cron.Hour != "*")
            parts.Add(Hour(cron));
        else if (Fixed(CronField.Minute, cron.Minute) is not null)
            parts.Add("past every hour");
        var text = string.Join(' ', parts.Select((part, i) => i > 0 && part.StartsWith("every ", StringComparison.Ordinal) ? $"of {part}" : part));
        return char.ToUpperInvariant(text[0]) + text[1..];
    }

    private static string Hour(CronText cron) =>
        Fixed(CronField.Minute, cron.Minute) is not null && Fixed(CronField.Hour, cron.Hour) is null
            ? $"past {Unit(CronField.Hour, cron.Hour)}"
            : IsPlainRange(cron.Hour, out var from, out var to)
                ? $"from {from:00}:00 to {to:00}:59"
                : $"during {Unit(CronField.Hour, cron.Hour).Replace("at ", "", StringComparison.Ordinal)}";

    /// <summary>every minute, every 5 minutes, at minute 17, at minutes 1 through 5.</summary>
    private static string Unit(CronField field, string text)
    {
        if (text == "*")
            return $"every {field.Name}";
        if (IsPlainStep(text, out var step))
            return $"every {step} {field.Name}s";
        var plural = Fixed(field, text) is [_] ? "" : "s";
        return $"at {field.Name}{plural} {Parts(field, text, n => n.ToString(CultureInfo.InvariantCulture))}";
    }

    private static string DayOfMonth(string text) => text switch
    {
        "L" => "on the last day of the month",
        "LW" => "on the last weekday of the month",
        _ when text.StartsWith("L-", StringComparison.Ordinal) && !text.Contains('W', StringComparison.Ordinal) => $"{text[2..]} days before the last day of the month",
        _ when text.EndsWith('W') && CronField.Day.TryValue(text[..^1], out var near) => $"on the weekday nearest day {near} of the month",
        _ when IsPlainStep(text, out var step) => $"every {step} days of the month",
        _ => $"on day{(Fixed(CronField.Day, text) is [_] ? "" : "s")} {Parts(CronField.Day, text, n => n.ToString(CultureInfo.InvariantCulture))} of the month",
    };

    private static string Weekday(string text)
    {
        if (text.EndsWith('L') && CronField.Weekday.TryValue(text[..^1], out var last))
            return $"the last {Weekdays[last]} of the month";
        var hash = text.IndexOf('#', StringComparison.Ordinal);
        if (hash > 0 && CronField.Weekday.TryValue(text[..hash], out var day) && int.TryParse(text.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var nth))
            return $"the {English.Ordinal(nth)} {Weekdays[day]} of the month";
        return Parts(CronField.Weekday, text, n => Weekdays[n]);
    }

    private static string Parts(CronField field, string text, Func<int, string> name) => English.List([.. text.Split(',').Select(part => Part(field, part, name))]);

    private static string Part(CronField field, string part, Func<int, string> name)
    {
        var slash = part.IndexOf('/', StringComparison.Ordinal);
        var range = slash >= 0 ? part[..slash] : part;
        var ends = range.Split('-');
        var text = range == "*" ? "any"
            : ends.Length == 2 && field.TryValue(ends[0], out var from) && field.TryValue(ends[1], out var to) ? $"{name(from)} through {name(to)}"
            : field.TryValue(range, out var value) ? name(value)
            : range;
        return slash < 0 ? text : ends.Length == 1 && range != "*" ? $"every {part[(slash + 1)..]} from {text}" : $"every {part[(slash + 1)..]} of {text}";
    }

    /// <summary>The values of a list of single values; null when there is a range or a step in it.</summary>
    private static List<int>? Fixed(CronField field, string text)
    {
        var values = new List<int>();
        foreach (var part in text.Split(','))
        {
            if (!field.TryValue(part, out var value))
                return null;
            values.Add(value);
        }

        return values;
    }

    /// <summary>*/5, 0/5.</summary>
    private static bool IsPlainStep(string text, out int step)
    {
        step = 0;
        return (text.StartsWith("*/", StringComparison.Ordinal) || text.StartsWith("0/", StringComparison.Ordinal))
            && int.TryParse(text.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out step) && step > 1;
    }

    private static bool IsPlainRange(string text, out int from, out int to)
    {
        (from, to) = (0, 0);
        var ends = text.Split('-');
        return ends.Length == 2 && CronField.Hour.TryValue(ends[0], out from) && CronField.Hour.TryValue(ends[1], out to);
    }
}
