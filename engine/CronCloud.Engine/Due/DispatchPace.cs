namespace CronCloud.Engine.Due;

/// <summary>
/// How long a partition rests after a round that dispatched something. A round costs about as much with one entry as with ten: the more rounds this node makes in a second, the longer each
/// partition waits, and the more of what falls due it takes in the next one. A node with little to do rests not at all.
/// </summary>
public sealed class DispatchPace(TimeProvider time)
{
    /// <summary>Well within the quarter of a second that an execution may be late at the peak.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(100);

    /// <summary>A node that makes so many rounds a second has its partitions rest the longest.</summary>
    private const double BusyRounds = 1_000;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private long _windowBegan = time.GetTimestamp();
    private int _rounds;
    private double _perSecond;

    /// <summary>Counts a round, and answers the rest after it.</summary>
    public TimeSpan RestAfterRound()
    {
        lock (_lock)
        {
            _rounds++;
            if (time.GetElapsedTime(_windowBegan) is var elapsed && elapsed >= Window)
            {
                _perSecond = _rounds / elapsed.TotalSeconds;
                (_windowBegan, _rounds) = (time.GetTimestamp(), 0);
            }

            return LongestRest * Math.Min(1, _perSecond / BusyRounds);
        }
    }
}
