using System.Globalization;

namespace CronCloud.Core.Schedules;

/// <summary>One of the six fields of a cron expression: its range and names, and how its parts are read.</summary>
internal sealed record CronField(string Name, int Min, int Max, int HashMax, string[] Names)
{
    private const int MaxParts = 64;

    public static readonly CronField Second = new("second", 0, 59, 59, []);
    public static readonly CronField Minute = new("minute", 0, 59, 59, []);
    public static readonly CronField Hour = new("hour", 0, 23, 23, []);

    /// <summary>H stays within 1 to 28, the days that every month has.</summary>
    public static readonly CronField Day = new("day-of-month", 1, 31, 28, []);
    public static readonly CronField Month = new("month", 1, 12, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]);

    /// <summary>0 and 7 are Sunday.</summary>
    public static readonly CronField Weekday = new("day-of-week", 0, 7, 6, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);

    public static readonly CronField[] All = [Second, Minute, Hour, Day, Month, Weekday];

    /// <summary>The field with every H put in its place; null and a fault when it cannot be read.</summary>
    public string? Resolve(string text, string seed, out string? fault)
    {
        fault = null;
        var parts = text.Split(',');
        if (parts.Length > MaxParts)
        {
            fault = $"the {Name} field has {parts.Length} parts: at most {MaxParts} are allowed";
            return null;
        }

        for (var i = 0; i < parts.Length; i++)
        {
            var resolved = parts[i].StartsWith('H') || parts[i].StartsWith('h') ? ResolveHash(parts[i], seed) : parts[i].ToUpperInvariant();
            if (resolved is null || !IsPart(resolved))
            {
                fault = $"the {Name} field '{parts[i]}' {Expected()}";
                return null;
            }

            parts[i] = resolved;
        }

        return string.Join(',', parts);
    }

    /// <summary>A value of this field, as a number or by name.</summary>
    public bool TryValue(string text, out int value)
    {
        value = Array.FindIndex(Names, name => name == text);
        if (value >= 0)
        {
            value += Min;
            return true;
        }

        return text.Length is 1 or 2 && text.All(char.IsAsciiDigit) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= Min && value <= Max;
    }

    private string Expected() => this == Day ? "must be 1 to 31, or use * ? , - / L W H"
        : this == Weekday ? "must be 0 to 7 or SUN to SAT, or use * ? , - / L # H"
        : Names.Length > 0 ? $"must be {Min} to {Max} or {Names[0]} to {Names[^1]}, or use * , - / H"
        : $"must be {Min} to {Max}, or use * , - / H";

    /// <summary>H, H(a-b), H/n, H(a-b)/n.</summary>
    private string? ResolveHash(string part, string seed)
    {
        var (from, to) = (Min, HashMax);
        var rest = part[1..];
        if (rest.StartsWith('('))
        {
            var close = rest.IndexOf(')', StringComparison.Ordinal);
            var ends = close > 0 ? rest[1..close].ToUpperInvariant().Split('-') : [];
            if (ends.Length != 2 || !TryValue(ends[0], out from) || !TryValue(ends[1], out to) || to < from)
                return null;
            rest = rest[(close + 1)..];
        }

        var hash = StableHash.Of($"{seed}#{Name}");
        if (rest.Length == 0)
            return Text(from + (int)(hash % (ulong)(to - from + 1)));
        if (!rest.StartsWith('/') || !TryStep(rest[1..], out var step) || step > to - from + 1)
            return null;
        var start = from + (int)(hash % (ulong)step);
        return start + step > to ? Text(start) : $"{Text(start)}-{Text(to)}/{Text(step)}";
    }

    private bool IsPart(string part)
    {
        if (part is "*" or "?")
            return part == "*" || this == Day || this == Weekday;
        if (this == Day && IsDaySpecial(part))
            return true;
        if (this == Weekday && IsWeekdaySpecial(part))
            return true;

        var slash = part.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && !TryStep(part[(slash + 1)..], out _))
            return false;
        var range = slash >= 0 ? part[..slash] : part;
        if (range == "*")
            return true;
        var ends = range.Split('-');
        return ends.Length <= 2 && ends.All(end => TryValue(end, out _));
    }

    /// <summary>L, L-3, LW, 15W.</summary>
    private bool IsDaySpecial(string part) => part is "L" or "LW"
        || (part.StartsWith("L-", StringComparison.Ordinal) && TryValue(part[2..].Replace("W", "", StringComparison.Ordinal), out var back) && back <= 30)
        || (part.EndsWith('W') && TryValue(part[..^1], out _));

    /// <summary>5L (the last Friday), 5#2 (the second).</summary>
    private bool IsWeekdaySpecial(string part)
    {
        if (part.EndsWith('L'))
            return TryValue(part[..^1], out _);
        var hash = part.IndexOf('#', StringComparison.Ordinal);
        return hash > 0 && TryValue(part[..hash], out _) && part[(hash + 1)..] is "1" or "2" or "3" or "4" or "5";
    }

    private bool TryStep(string text, out int step)
    {
        step = 0;
        return text.Length is 1 or 2 && text.All(char.IsAsciiDigit) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out step) && step >= 1 && step <= Max;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
