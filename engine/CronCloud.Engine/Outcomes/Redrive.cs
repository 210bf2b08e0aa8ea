using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Engine.Outcomes;

/// <summary>
/// Gives dead letters a new round of attempts: the record first, then the due index. Should the second not happen, the record's scan arms what is
/// pending. They go by the lane of left-overs, so that ten thousand of them delay nobody.
/// </summary>
public sealed class Redrive(IDeadLetterStore deadLetters, IDueIndex index, TimeProvider time)
{
    private const int BatchSize = 500;

    /// <summary>False when there is no such dead letter (any more).</summary>
    public async Task<bool> OneAsync(string tenant, string executionId, CancellationToken cancellation)
    {
        if (await deadLetters.FindAsync(tenant, executionId, cancellation) is not { } letter)
            return false;
        var now = Now();
        var redriven = await deadLetters.RedriveAsync([letter], now, cancellation);
        await ArmAsync(redriven, now, cancellation);
        return redriven.Count == 1;
    }

    /// <summary>All that match; answers how many. When a part goes away after some were redriven, a <see cref="RedriveCutShortException"/> says so.</summary>
    public async Task<int> ManyAsync(DeadLetterQuery query, CancellationToken cancellation)
    {
        var count = 0;
        string? cursor = null;
        try
        {
            do
            {
                var page = await deadLetters.ListAsync(query with { Limit = BatchSize, Cursor = cursor }, cancellation);
                var now = Now();
                var redriven = await deadLetters.RedriveAsync(page.Items, now, cancellation);
                count += redriven.Count;
                await ArmAsync(redriven, now, cancellation);
                cursor = page.NextCursor;
            }
            while (cursor is not null);
            return count;
        }
        catch (Exception away) when (count > 0)
        {
            throw new RedriveCutShortException(count, away);
        }
    }

    private async Task ArmAsync(IReadOnlyList<Execution> redriven, DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var partition in redriven.GroupBy(e => e.Job.Partition))
            await index.ArmAsync(partition.Key, [.. partition.Select(e => DueItem.EntryOf(e, now) with { Until = now })], cancellation);
    }

    /// <summary>To the millisecond, as everything that is stored.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
}
