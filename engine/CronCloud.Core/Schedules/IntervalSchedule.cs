namespace CronCloud.Core.Schedules;

/// <summary>Every so often from an anchor on, counted in UTC: no change of clocks touches it.</summary>
internal sealed class IntervalSchedule : Schedule
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    private readonly DateTimeOffset _anchor;
    private readonly TimeSpan _every;

    private IntervalSchedule(ScheduleSpec spec, TimeSpan every, string seed)
        : base(spec, seed)
    {
        _every = every;
        _anchor = spec.Anchor ?? DateTimeOffset.UnixEpoch.AddSeconds(StableHash.Of($"{seed}#phase") % (ulong)every.TotalSeconds);
    }

    public static IntervalSchedule? Parse(ScheduleSpec spec, TimeSpan every, string seed, List<ScheduleError> faults)
    {
        if (every < Shortest || every > Longest)
            faults.Add(new ScheduleError("/every", $"'{Durations.Format(every)}' must be 1s to 366d"));
        else if (every.Ticks % TimeSpan.TicksPerMillisecond != 0)
            faults.Add(new ScheduleError("/every", "must be whole milliseconds"));
        else
            return new IntervalSchedule(spec, every, seed);
        return null;
    }

    private protected override DateTimeOffset? NextPlain(DateTimeOffset after)
    {
        if (after < _anchor)
            return _anchor;
        var passed = (after - _anchor).Ticks / _every.Ticks;
        return _anchor.AddTicks((passed + 1) * _every.Ticks);
    }

    private protected override DueTally TallyFrom(DateTimeOffset first, DateTimeOffset until) => DueTally.OfSteps(first, _every, ((until - first).Ticks / _every.Ticks) + 1);

    private protected override string DescribePlain() => Spec.Anchor is { } anchor ? $"Every {English.Duration(_every)} from {English.Instant(anchor)}" : $"Every {English.Duration(_every)}";
}
