namespace CronCloud.Core.Schedules;

/// <summary>A cron expression as six fields of text, seconds first, with macros and H put in their place.</summary>
internal sealed record CronText(string Second, string Minute, string Hour, string Day, string Month, string Weekday)
{
    private const int MaxLength = 256;

    private static readonly Dictionary<string, string> Macros = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    };

    /// <summary>Day-of-month and day-of-week both say something.</summary>
    public bool IsEitherDay => IsRestricted(Day) && IsRestricted(Weekday);

    /// <summary>Not a fixed time of day.</summary>
    public bool IsInterval => (Second + Minute + Hour).AsSpan().IndexOfAny("*-/") >= 0;

    public static bool IsRestricted(string dayField) => dayField is not ("*" or "?");

    public static CronText? Parse(string cron, string seed, out string? fault)
    {
        if (cron.Length > MaxLength)
        {
            fault = $"is {cron.Length} characters long: at most {MaxLength} are allowed";
            return null;
        }

        if (cron.Any(c => c is not '\t' and (< ' ' or > '~')))
        {
            fault = "must be printable ASCII";
            return null;
        }

        var text = cron.Trim();
        if (text.StartsWith('@'))
        {
            if (!Macros.TryGetValue(text, out var meaning))
            {
                fault = $"'{text}' is no macro: there are {string.Join(", ", Macros.Keys)}";
                return null;
            }

            text = meaning;
        }

        return Resolve(text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries), seed, out fault);
    }

    /// <summary>The expressions of which any may match.</summary>
    public IEnumerable<string> Alternatives() => IsEitherDay
        ? [$"{Second} {Minute} {Hour} {Day} {Month} *", $"{Second} {Minute} {Hour} * {Month} {Weekday}"]
        : [$"{Second} {Minute} {Hour} {Day} {Month} {Weekday}"];

    private static CronText? Resolve(string[] fields, string seed, out string? fault)
    {
        if (fields.Length is not (5 or 6))
        {
            fault = $"has {fields.Length} fields: five are expected, or six with seconds first";
            return null;
        }

        fault = null;
        var texts = fields.Length == 5 ? ["0", .. fields] : fields;
        var resolved = new string[6];
        for (var i = 0; i < 6; i++)
        {
            if (CronField.All[i].Resolve(texts[i], seed, out fault) is not { } field)
                return null;
            resolved[i] = field;
        }

        return new CronText(resolved[0], resolved[1], resolved[2], resolved[3], resolved[4], resolved[5]);
    }
}
