namespace CronCloud.Core.Schedules;

/// <summary>When a job is due: strictly rising instants in UTC, to the millisecond. Pure: it asks no clock.</summary>
public abstract class Schedule
{
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Latest = new(2099, 12, 30, 0, 0, 0, TimeSpan.Zero);

    private readonly DateTimeOffset _startAt;
    private readonly DateTimeOffset _endAt;
    private readonly TimeSpan _shift;
    private readonly string _seed;

    private protected Schedule(ScheduleSpec spec, string seed)
    {
        Spec = spec;
        _seed = seed;
        _startAt = spec.StartAt is { } start && start > Earliest ? start : Earliest;
        _endAt = spec.EndAt is { } end && end < Latest ? end : Latest;
        _shift = spec.Jitter is { } jitter ? TimeSpan.FromMilliseconds(StableHash.Of($"{seed}#jitter") % ((ulong)jitter.TotalMilliseconds + 1)) : TimeSpan.Zero;
    }

    /// <summary>The last occurrence that there will ever be; null when there is no end.</summary>
    public DateTimeOffset? Last => IsEndless ? null : FindLast();

    private protected ScheduleSpec Spec { get; }

    private protected virtual bool IsEndless => Spec.EndAt is null;

    /// <summary>
    /// Reads a schedule. The seed is the job's identity: it feeds <c>H</c>, jitter and the phase of intervals. Faults come back, each with its
    /// field, and the answer is then null.
    /// </summary>
    public static Schedule? Parse(ScheduleSpec spec, string seed, out IReadOnlyList<ScheduleError> errors)
    {
        if (spec.LastRead.Of(spec, seed) is { } read)
        {
            errors = [];
            return read;
        }

        var faults = new List<ScheduleError>();
        errors = faults;
        CheckBounds(spec, faults);
        var schedule = Choose(spec, seed, faults);
        if (faults.Count > 0)
            return null;
        if (schedule!.Next(Earliest.AddTicks(-1)) is not null)
        {
            spec.LastRead = new ScheduleSpec.ReadBefore(schedule);
            return schedule;
        }

        var (field, reason) = spec switch
        {
            { StartAt: not null } or { EndAt: not null } => ("", "never fires between startAt and endAt"),
            { Cron: { } cron } => ("/cron", $"'{cron}' never fires: there is no such day"),
            _ => ("", "never fires"),
        };
        faults.Add(new ScheduleError(field, reason));
        return null;
    }

    internal bool IsOf(ScheduleSpec spec, string seed) => ReferenceEquals(Spec, spec) && _seed == seed;

    /// <summary>The first occurrence strictly after the instant; null when none is left.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        if (after >= Latest)
            return null;
        var from = after <= _startAt + _shift ? _startAt.AddTicks(-1) : after - _shift;
        if (after == _startAt + _shift)
            from = _startAt;
        return NextPlain(from) is { } next && next <= _endAt ? next.ToUniversalTime() + _shift : null;
    }

    public IEnumerable<DateTimeOffset> Upcoming(DateTimeOffset after, int count)
    {
        var next = Next(after);
        for (var i = 0; i < count && next is { } occurrence; i++)
        {
            yield return occurrence;
            next = Next(occurrence);
        }
    }

    /// <summary>The occurrences after the one instant and up to the other, as a tally: without going through them where arithmetic does.</summary>
    public DueTally Tally(DateTimeOffset after, DateTimeOffset until)
    {
        var last = _endAt + _shift < until ? _endAt + _shift : until;
        return Next(after) is { } first && first <= last ? TallyFrom(first, last) : default;
    }

    /// <summary>The last occurrence by the instant, which is not before the occurrence given.</summary>
    public DateTimeOffset LastUntil(DateTimeOffset occurrence, DateTimeOffset until)
    {
        var (last, none) = (occurrence, until);
        while (none - last > TimeSpan.FromMilliseconds(1))
        {
            var middle = last + ((none - last) / 2);
            if (Next(middle) is { } later && later <= until)
                last = later;
            else
                none = middle;
        }

        return Next(last) is { } next && next <= until ? next : last;
    }

    /// <summary>The schedule in plain English.</summary>
    public string Describe()
    {
        var text = DescribePlain();
        if (Spec.StartAt is { } start)
            text += $", from {English.Instant(start)}";
        if (Spec.EndAt is { } end)
            text += $", until {English.Instant(end)}";
        return _shift > TimeSpan.Zero ? $"{text}, {Durations.Format(_shift)} later each time (jitter)" : text;
    }

    /// <summary>The first occurrence strictly after the instant, without bounds and jitter.</summary>
    private protected abstract DateTimeOffset? NextPlain(DateTimeOffset after);

    private protected abstract string DescribePlain();

    /// <summary>The occurrences from one of them on up to the instant, which is within the bounds.</summary>
    private protected virtual DueTally TallyFrom(DateTimeOffset first, DateTimeOffset until)
    {
        var tally = default(DueTally);
        for (DateTimeOffset? due = first; due <= until; due = Next(due.Value))
            tally += DueTally.Of(due.Value);
        return tally;
    }

    private static Schedule? Choose(ScheduleSpec spec, string seed, List<ScheduleError> faults)
    {
        if (new[] { spec.Cron is not null, spec.Every is not null, spec.At is not null }.Count(isSet => isSet) != 1)
        {
            faults.Add(new ScheduleError("", "must have exactly one of cron, every and at"));
            return null;
        }

        if (spec.TimeZone is not null && spec.Cron is null)
            faults.Add(new ScheduleError("/timeZone", "goes with cron only: intervals and instants are the same in every zone"));
        if (spec.Anchor is not null && spec.Every is null)
            faults.Add(new ScheduleError("/anchor", "goes with every only"));
        return spec switch
        {
            { Cron: { } cron } => CronSchedule.Parse(spec, cron, seed, faults),
            { Every: { } every } => IntervalSchedule.Parse(spec, every, seed, faults),
            _ => new OnceSchedule(spec, seed),
        };
    }

    private static void CheckBounds(ScheduleSpec spec, List<ScheduleError> faults)
    {
        if (spec is { StartAt: { } start, EndAt: { } end } && end <= start)
            faults.Add(new ScheduleError("/endAt", "must be after startAt"));
        if (spec.Jitter is { } jitter && (jitter < TimeSpan.Zero || jitter > TimeSpan.FromDays(1)))
            faults.Add(new ScheduleError("/jitter", "must be 0s to 24h"));
        foreach (var (field, instant) in new[] { ("/at", spec.At), ("/anchor", spec.Anchor), ("/startAt", spec.StartAt), ("/endAt", spec.EndAt) })
        {
            if (instant < Earliest || instant > Latest)
                faults.Add(new ScheduleError(field, "must be between the years 1970 and 2099"));
        }
    }

    /// <summary>By bisection: Next tells whether an occurrence lies behind an instant.</summary>
    private DateTimeOffset? FindLast() => Next(Earliest.AddTicks(-1)) is { } first ? LastUntil(first, _endAt + _shift) : null;
}
