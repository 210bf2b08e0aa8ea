using System.Globalization;
using System.Text;
using System.Xml;

namespace CronCloud.Core.Schedules;

/// <summary>Durations as people write them: <c>45s</c>, <c>15m</c>, <c>1h30m</c>, <c>2d</c>, <c>500ms</c>; ISO 8601 (<c>PT15M</c>) is read too.</summary>
public static class Durations
{
    private const int MaxLength = 32;

    /// <summary>The larger unit first; each once.</summary>
    private static readonly (string Name, TimeSpan Length)[] Units =
    [
        ("w", TimeSpan.FromDays(7)), ("d", TimeSpan.FromDays(1)), ("h", TimeSpan.FromHours(1)),
        ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)), ("ms", TimeSpan.FromMilliseconds(1)),
    ];

    /// <summary>False for anything else, for what is negative, and for more than ten thousand years.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        if (text.Length is 0 or > MaxLength)
            return false;
        return text[0] == 'P' ? TryParseIso(text, out value) : TryParsePlain(text, out value);
    }

    /// <summary>The form that people write; it parses back to the same.</summary>
    public static string Format(TimeSpan value)
    {
        if (value <= TimeSpan.Zero)
            return "0s";
        var text = new StringBuilder();
        var rest = value;
        foreach (var (name, length) in Units)
        {
            if (name == "w" || (name == "d" && (value < TimeSpan.FromDays(2) || value.Ticks % TimeSpan.TicksPerDay != 0)))
                continue;
            var count = rest.Ticks / length.Ticks;
            if (count == 0)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"{count}{name}");
            rest -= count * length;
        }

        return text.Length > 0 ? text.ToString() : "0s";
    }

    private static bool TryParsePlain(string text, out TimeSpan value)
    {
        value = default;
        var (at, unit, ticks) = (0, 0, 0L);
        while (at < text.Length)
        {
            var digits = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
                at++;
            var letters = at;
            while (at < text.Length && char.IsAsciiLetterLower(text[at]))
                at++;
            var name = text[letters..at];
            var found = Array.FindIndex(Units, unit, u => u.Name == name);
            if (letters == digits || found < 0 || !long.TryParse(text.AsSpan(digits, letters - digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count > (TimeSpan.MaxValue.Ticks - ticks) / Units[found].Length.Ticks)
            {
                return false;
            }

            ticks += count * Units[found].Length.Ticks;
            unit = found + 1;
        }

        value = TimeSpan.FromTicks(ticks);
        return true;
    }

    /// <summary>Days, hours, minutes and seconds: years and months have no fixed length.</summary>
    private static bool TryParseIso(string text, out TimeSpan value)
    {
        value = default;
        var time = text.IndexOf('T', StringComparison.Ordinal);
        if (text.Contains('Y', StringComparison.Ordinal) || text.AsSpan(0, time < 0 ? text.Length : time).Contains('M'))
            return false;
        try
        {
            value = XmlConvert.ToTimeSpan(text);
            return value >= TimeSpan.Zero && value.Ticks % TimeSpan.TicksPerMillisecond == 0;
        }
        catch (Exception refused) when (refused is FormatException or OverflowException)
        {
            return false;
        }
    }
}
