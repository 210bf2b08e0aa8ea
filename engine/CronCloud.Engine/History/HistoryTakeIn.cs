using CronCloud.Core.History;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.History;

/// <summary>Takes in what an older version of CronCloud kept in another form, while everything runs: reads see it hour by hour, the newest first.</summary>
public sealed class HistoryTakeIn(IHistory history) : ILoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public string Name => "history take-in";

    /// <summary>An hour of fifty million attempts a day.</summary>
    public TimeSpan Limit => TimeSpan.FromMinutes(2);

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation) => await history.TakeInOlderAsync(cancellation) ? Pause : Interval;
}
