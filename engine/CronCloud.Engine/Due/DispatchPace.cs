namespace CronCloud.Engine.Due;

/// <summary>
/// When partitions look again. A node with little to do looks at the very instant at which something is due. The more it dispatches, the coarser the ticks at which all its partitions look
/// together: what one writes to Redis and NATS then goes out with what the others write, and what falls due between two ticks goes in one round. A round costs about as much with one entry
/// as with ten, and waking a server as much with one request as with a hundred. Whole seconds are ticks: what is due at one waits for nothing.
/// </summary>
public sealed class DispatchPace(TimeProvider time)
{
    /// <summary>Dispatched in a second, and the tick from there on.</summary>
    private static readonly (int PerSecond, TimeSpan Tick)[] Ticks =
    [
        (4_000, TimeSpan.FromMilliseconds(100)),
        (300, TimeSpan.FromMilliseconds(50)),
        (100, TimeSpan.FromMilliseconds(20)),
        (0, TimeSpan.Zero),
    ];

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private long _windowBegan = time.GetTimestamp();
    private int _dispatched;
    private TimeSpan _tick;

    /// <summary>Counts what a round dispatched.</summary>
    public void Count(int dispatched)
    {
        lock (_lock)
        {
            _dispatched += dispatched;
            var elapsed = time.GetElapsedTime(_windowBegan);
            if (elapsed < Window)
                return;
            var perSecond = _dispatched / elapsed.TotalSeconds;
            _tick = Array.Find(Ticks, step => perSecond >= step.PerSecond).Tick;
            (_windowBegan, _dispatched) = (time.GetTimestamp(), 0);
        }
    }

    /// <summary>The instant itself, or the first tick after it.</summary>
    public DateTimeOffset TickFrom(DateTimeOffset instant)
    {
        TimeSpan tick;
        lock (_lock)
            tick = _tick;
        if (tick == TimeSpan.Zero)
            return instant;
        var since = instant.Ticks % tick.Ticks;
        return since == 0 ? instant : instant.AddTicks(tick.Ticks - since);
    }
}
