namespace CronCloud.Engine.Executing;

/// <summary>
/// Messages whose outcomes were told in the last seconds. A copy of one may be on its way by then: the queue hands out again what it has not heard of for a while, also when that is only because this
/// process had more to do than it could.
/// </summary>
internal sealed class EndedLately(TimeProvider time)
{
    /// <summary>Remembered for so long at least; flights, and so messages that must be run, live much longer.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private HashSet<string> _new = [];
    private HashSet<string> _old = [];
    private long _began = time.GetTimestamp();

    public void Add(string messageId)
    {
        lock (_lock)
        {
            Forget();
            _new.Add(messageId);
        }
    }

    public bool Contains(string messageId)
    {
        lock (_lock)
        {
            Forget();
            return _new.Contains(messageId) || _old.Contains(messageId);
        }
    }

    private void Forget()
    {
        var elapsed = time.GetElapsedTime(_began);
        if (elapsed < Remembered)
            return;
        (_old, _new) = (elapsed < 2 * Remembered ? _new : [], []);
        _began = time.GetTimestamp();
    }
}
