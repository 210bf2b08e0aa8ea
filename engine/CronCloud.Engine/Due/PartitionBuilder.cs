using System.Diagnostics;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// Builds a partition's part of the due index from the record: each active job's first occurrence after the checkpoint, and what is
/// pending. Used when the index was emptied, and by the twin at every start. Arming is conditional, so it may run at any time. An index that is
/// emptied meanwhile is not called built, and the loop comes again.
/// </summary>
public sealed partial class PartitionBuilder(
    IDueIndex index,
    IJobStore jobs,
    IPendingStore pending,
    ICheckpointStore checkpoints,
    TimeProvider time,
    ILogger<PartitionBuilder> logger)
{
    private const int BatchSize = 500;

    public async Task BuildAsync(int partition, CancellationToken cancellation)
    {
        if (await index.IsBuiltAsync(partition, cancellation))
            return;

        var build = await index.BeginBuildAsync(partition, cancellation);
        var started = Stopwatch.GetTimestamp();
        var now = time.GetUtcNow();
        var checkpoint = await checkpoints.ReadAsync(partition, cancellation);
        var armed = 0;
        var batch = new List<DueEntry>(BatchSize);
        foreach (var waiting in await pending.ReadAsync(partition, cancellation))
            await AddAsync(DueItem.EntryOf(waiting.Execution, waiting.Due));
        await foreach (var job in jobs.ReadActiveAsync(partition, cancellation))
            await AddAsync(DueItem.EntryOf(job, FirstUnplanned(job, checkpoint), now));
        await FlushAsync();
        if (await index.EndBuildAsync(partition, build, cancellation) && armed > 0)
            LogBuilt(partition, armed, Stopwatch.GetElapsedTime(started).TotalMilliseconds, checkpoint);

        async Task AddAsync(DueEntry entry)
        {
            if (entry.IsTombstone)
                return;
            batch.Add(entry);
            if (batch.Count == BatchSize)
                await FlushAsync();
        }

        async Task FlushAsync()
        {
            if (batch.Count > 0)
                await index.ArmAsync(partition, batch, cancellation);
            armed += batch.Count;
            batch.Clear();
        }
    }

    /// <summary>A job's version counts from when it was written; what was due before the checkpoint is in the queue already.</summary>
    private static DateTimeOffset FirstUnplanned(Job job, DateTimeOffset? checkpoint) =>
        checkpoint is { } reached && reached > job.UpdatedAt ? reached : job.UpdatedAt;

    [LoggerMessage(Level = LogLevel.Debug, Message = "Partition {Partition} built: {Entries} entries in {Ms} ms, from checkpoint {Checkpoint}")]
    private partial void LogBuilt(int partition, int entries, double ms, DateTimeOffset? checkpoint);
}
