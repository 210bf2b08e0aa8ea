using Cronos;

namespace CronCloud.Core.Schedules;

/// <summary>
/// A cron expression in a time zone. Cronos tells which local times match; this class puts them on the clocks of the zone: in the spring gap
/// it fires at the gap's end; in the autumn overlap a fixed time fires once and an interval (a star, a range or a step in its second, minute
/// or hour) in both passes. Cronos joins day-of-month and day-of-week by and; POSIX joins them by or, so that each gets an expression
/// of its own and the earlier occurrence counts. A day field is restricted unless it is <c>*</c> or <c>?</c>.
/// </summary>
internal sealed class CronSchedule : Schedule
{
    private readonly CronText _text;
    private readonly CronExpression[] _expressions;
    private readonly bool _isInterval;
    private readonly TimeZoneInfo _zone;
    private readonly WallClock _clock;

    private CronSchedule(ScheduleSpec spec, string seed, CronText text, CronExpression[] expressions, TimeZoneInfo zone)
        : base(spec, seed)
    {
        _text = text;
        _expressions = expressions;
        _isInterval = text.IsInterval;
        _zone = zone;
        _clock = new WallClock(zone);
    }

    public static CronSchedule? Parse(ScheduleSpec spec, string cron, string seed, List<ScheduleError> faults)
    {
        var zone = Zone(spec.TimeZone, faults);
        var text = CronText.Parse(cron, seed, out var fault);
        if (text is null)
        {
            faults.Add(new ScheduleError("/cron", fault!));
            return null;
        }

        try
        {
            var expressions = text.Alternatives().Select(fields => CronExpression.Parse(fields, CronFormat.IncludeSeconds)).ToArray();
            return zone is null ? null : new CronSchedule(spec, seed, text, expressions, zone);
        }
        catch (CronFormatException refused)
        {
            faults.Add(new ScheduleError("/cron", $"'{cron}' cannot be read: {refused.Message}"));
            return null;
        }
    }

    private protected override DateTimeOffset? NextPlain(DateTimeOffset after)
    {
        DateTime? soonest = null;
        foreach (var expression in _expressions)
        {
            var next = _zone.HasSameRules(TimeZoneInfo.Utc) ? expression.GetNextOccurrence(after.UtcDateTime) : NextInZone(expression, after.UtcDateTime);
            if (next is { } found && (soonest is null || found < soonest))
                soonest = found;
        }

        return soonest is { } instant ? new DateTimeOffset(instant) : null;
    }

    /// <summary>Goes from one change of clocks to the next: between two of them local time is UTC plus an offset.</summary>
    private DateTime? NextInZone(CronExpression expression, DateTime after)
    {
        var from = after;
        var offset = _clock.OffsetAt(from);
        var inclusive = false;
        while (expression.GetNextOccurrence(Local(from, offset), inclusive) is { } local)
        {
            var candidate = new DateTime((local - offset).Ticks, DateTimeKind.Utc);
            if (_clock.NextChange(from, candidate) is not { } change)
            {
                if (_isInterval || !_clock.IsSecondPass(candidate))
                    return candidate;
                (from, inclusive) = (candidate, false);
                continue;
            }

            var changed = _clock.OffsetAt(change);
            if (local < Local(change, changed))
                return change; // in the gap
            (from, offset, inclusive) = (change, changed, true);
        }

        return null;
    }

    /// <summary>Cronos reads UTC only; what it gets here is what the clocks show.</summary>
    private static DateTime Local(DateTime utc, TimeSpan offset) => new((utc + offset).Ticks, DateTimeKind.Utc);

    private protected override string DescribePlain()
    {
        var text = CronEnglish.Of(_text);
        return _zone.Id == TimeZoneInfo.Utc.Id ? text : $"{text} ({Spec.TimeZone})";
    }

    /// <summary>IANA ids only: names of other systems mean other rules on other machines.</summary>
    private static TimeZoneInfo? Zone(string? id, List<ScheduleError> faults)
    {
        if (id is null or "UTC" or "Etc/UTC")
            return TimeZoneInfo.Utc;
        var isIana = id.Length is > 0 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+') && char.IsAsciiLetterUpper(id[0]);
        if (isIana && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone))
            return zone;
        faults.Add(new ScheduleError("/timeZone", $"'{Printable(id)}' is no time zone of the IANA database, such as Europe/London"));
        return null;
    }

    private static string Printable(string text) => string.Concat(text.Take(64).Select(c => char.IsControl(c) ? '?' : c));
}
