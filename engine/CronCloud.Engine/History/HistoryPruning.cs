using CronCloud.Core.History;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.History;

/// <summary>Forgets attempts when their thirty days are over, a part at a time, so that writing goes on in between.</summary>
public sealed class HistoryPruning(IHistory history, TimeProvider time) : ILoop
{
    public const int Part = 2_000;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public string Name => "history pruning";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation) =>
        await history.PruneAsync(time.GetUtcNow() - Kept, Part, cancellation) < Part ? Interval : Pause;
}
