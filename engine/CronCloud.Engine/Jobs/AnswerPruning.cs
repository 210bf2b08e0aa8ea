using CronCloud.Core.Jobs;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Jobs;

/// <summary>Forgets answers to idempotent requests when their day is over.</summary>
public sealed class AnswerPruning(IIdempotencyStore answers, TimeProvider time) : ILoop
{
    /// <summary>How long the same request gets the same answer.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    public string Name => "answer pruning";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        await answers.PruneAsync(time.GetUtcNow() - Kept, cancellation);
        return Interval;
    }
}
