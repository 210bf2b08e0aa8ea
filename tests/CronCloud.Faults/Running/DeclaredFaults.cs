using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Running;

/// <summary>The faults that tests declared, one after another.</summary>
internal sealed class DeclaredFaults(TimeProvider time)
{
    private readonly List<FaultWindow> _windows = [];

    public IReadOnlyList<FaultWindow> Read() => [.. _windows];

    /// <summary>A fault begins now. One that was not ended, since its test failed, ends here and excuses all of its time.</summary>
    public DateTimeOffset Begin(string fault, bool mayRepeat, bool keepsFromTarget = false)
    {
        var now = time.GetUtcNow();
        if (_windows.Count > 0 && _windows[^1].To == DateTimeOffset.MaxValue)
            End(now - _windows[^1].From);
        _windows.Add(new FaultWindow(fault, now, DateTimeOffset.MaxValue, TimeSpan.Zero, mayRepeat) { KeepsFromTarget = keepsFromTarget });
        return now;
    }

    /// <inheritdoc cref="FaultWindow.Lost"/>
    public void HasLost(TimeSpan lost) => _windows[^1] = _windows[^1] with { Lost = lost };

    /// <summary>The fault is over; starts may be later than five seconds for it by so much.</summary>
    public void End(TimeSpan bound) => _windows[^1] = _windows[^1] with { To = time.GetUtcNow(), Bound = bound };
}
