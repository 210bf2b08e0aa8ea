using CronCloud.Core.History;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.History;

/// <summary>Counts the minutes that were written to, a few at a time, behind the writing and beside it: that never waits for a count.</summary>
public sealed class HistoryMinutes(IHistory history, TimeProvider time) : ILoop
{
    /// <summary>No minute is counted more often.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);

    public string Name => "history minutes";

    /// <summary>Rests as long as it counted, so that it never takes more than half of what history can do.</summary>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        if (!await history.CountMinutesAsync(time.GetUtcNow() - Interval, cancellation))
            return Look;
        var took = time.GetElapsedTime(began);
        return took > ShortestPause ? took : ShortestPause;
    }
}
