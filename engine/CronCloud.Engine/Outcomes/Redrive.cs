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
    public async Task<bool> OneAsync(string tenant, string executionId, CancellationToken cancellation) =>
        await deadLetters.FindAsync(tenant, executionId, cancellation) is { } letter && await RedriveAsync([letter], cancellation) == 1;

    /// <summary>All that match; answers how many.</summary>
    public async Task<int> ManyAsync(DeadLetterQuery query, CancellationToken cancellation)
    {
        var redriven = 0;
        string? cursor = null;
        do
        {
            var page = await deadLetters.ListAsync(query with { Limit = BatchSize, Cursor = cursor }, cancellation);
            redriven += await RedriveAsync(page.Items, cancellation);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return redriven;
    }

    private async Task<int> RedriveAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var executions = await deadLetters.RedriveAsync(letters, now, cancellation);
        foreach (var partition in executions.GroupBy(e => e.Job.Partition))
            await index.ArmAsync(partition.Key, [.. partition.Select(e => DueItem.EntryOf(e, now) with { Until = now })], cancellation);
        return executions.Count;
    }
}
