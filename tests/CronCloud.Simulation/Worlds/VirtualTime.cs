namespace CronCloud.Simulation.Worlds;

/// <summary>
/// The true time of a world. It stands still while anything is to be done and then jumps to the next timer. Timers of one instant fire in the order in
/// which they were set.
/// </summary>
internal sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private readonly PriorityQueue<(VirtualTimer Timer, int Setting), (long Due, long Order)> _timers = new();
    private long _order;

    public DateTimeOffset Now { get; private set; } = start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => Now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero)
            throw new NotSupportedException("Nothing in the pipeline uses a timer that repeats itself.");
        return new VirtualTimer(this, callback, state, dueTime);
    }

    /// <summary>Goes to the next timer and fires it; false when none is due by the instant.</summary>
    public bool FireNext(DateTimeOffset until)
    {
        while (_timers.TryPeek(out var next, out var at))
        {
            if (!next.Timer.IsSet(next.Setting))
            {
                _timers.Dequeue();
                continue;
            }

            if (at.Due > until.UtcTicks)
                return false;
            _timers.Dequeue();
            Now = new DateTimeOffset(Math.Max(at.Due, Now.UtcTicks), TimeSpan.Zero);
            next.Timer.Fire();
            return true;
        }

        return false;
    }

    /// <summary>Goes on to the instant, before which no timer is due.</summary>
    public void GoTo(DateTimeOffset instant) => Now = instant > Now ? instant : Now;

    private sealed class VirtualTimer : ITimer
    {
        private readonly VirtualTime _time;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private int _setting;
        private bool _isSet;

        public VirtualTimer(VirtualTime time, TimerCallback callback, object? state, TimeSpan dueTime)
        {
            _time = time;
            _callback = callback;
            _state = state;
            Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool IsSet(int setting) => _isSet && setting == _setting;

        public void Fire()
        {
            _isSet = false;
            _callback(_state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _setting++;
            _isSet = dueTime != Timeout.InfiniteTimeSpan;
            if (_isSet)
                _time._timers.Enqueue((this, _setting), (_time.Now.UtcTicks + Math.Max(0, dueTime.Ticks), _time._order++));
            return true;
        }

        public void Dispose() => _isSet = false;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
