using CronCloud.Core.History;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.History;

/// <summary>Counts the minutes that were written to, a few at a time, behind the writing and beside it: that never waits for a count.</summary>
public sealed class HistoryMinutes(IHistory history, TimeProvider time) : ILoop
{
    private const int RestsPerCount = 3;

    /// <summary>No minute is counted more often.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);

    public string Name => "history minutes";

    /// <summary>Rests three times as long as it counted, so that it never takes more than a quarter of what history can do: of a system that is behind, each batch of rows is of many minutes.</summary>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        if (!await history.CountMinutesAsync(time.GetUtcNow() - Interval, cancellation))
            return Look;
        var rest = time.GetElapsedTime(began) * RestsPerCount;
        return rest > ShortestPause ? rest : ShortestPause;
    }
}
