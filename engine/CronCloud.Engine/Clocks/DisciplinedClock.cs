namespace CronCloud.Engine.Clocks;

/// <summary>
/// The time that CronCloud goes by: set once from the machine's clock and carried on by its steady counter, so that a jump of the machine's
/// clock starts nothing early. <see cref="ClockGuard"/> sets it again when the machine's clock is known to be right.
/// </summary>
public sealed class DisciplinedClock(TimeProvider machine) : TimeProvider
{
    private volatile Anchor _anchor = new(machine.GetUtcNow(), machine.GetTimestamp());

    public override long TimestampFrequency => machine.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow()
    {
        var anchor = _anchor;
        return anchor.Instant + machine.GetElapsedTime(anchor.Timestamp);
    }

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>How far the machine's clock is ahead of this one.</summary>
    public TimeSpan MachineIsAhead() => machine.GetUtcNow() - GetUtcNow();

    /// <summary>Goes on from the machine's clock.</summary>
    public void AdoptMachine() => Adopt(machine.GetUtcNow(), machine.GetTimestamp());

    /// <summary>Goes on from what the time was at a reading of the machine's counter.</summary>
    public void Adopt(DateTimeOffset instant, long timestamp) => _anchor = new Anchor(instant, timestamp);

    private sealed record Anchor(DateTimeOffset Instant, long Timestamp);
}
