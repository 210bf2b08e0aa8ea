using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// Builds of this node's partitions: after the index was emptied, restarted or found to be an older copy, and by the twin at every start.
/// A few partitions at a time read the record, so that it is not overrun.
/// </summary>
public sealed partial class PartitionBuilder(
    IDueIndex index,
    IJobStore jobs,
    IPendingStore pending,
    ICheckpointStore checkpoints,
    TimeProvider time,
    ILogger<PartitionBuilder> logger) : IDisposable
{
    private const int AtOnce = 4;

    private readonly SemaphoreSlim _places = new(AtOnce);

    /// <summary>Begins or goes on with a build by one step, if there is a place: nobody waits here. Null when it has ended, or could not begin yet.</summary>
    public async Task<PartitionBuild?> StepAsync(int partition, PartitionBuild? build, CancellationToken cancellation)
    {
        if (!await _places.WaitAsync(TimeSpan.Zero, cancellation))
            return build;
        try
        {
            build ??= await PartitionBuild.BeginAsync(partition, index, jobs, pending, checkpoints, time, cancellation);
            if (!await build.StepAsync(cancellation))
                return null;
        }
        finally
        {
            _places.Release();
        }

        if (!build.Audit.HasEnded)
            return build;
        if (build.Audit.Armed.Count + build.Audit.Removed.Count > 0)
            LogBuilt(partition, build.Audit.Armed.Count, build.Audit.Removed.Count, (long)time.GetElapsedTime(build.Started).TotalMilliseconds, build.Audit.Checkpoint);
        return null;
    }

    public void Dispose() => _places.Dispose();

    [LoggerMessage(Level = LogLevel.Debug, Message = "Partition {Partition} is built: {Armed} entries armed, {Removed} taken out in {Ms} ms, from checkpoint {Checkpoint}")]
    private partial void LogBuilt(int partition, int armed, int removed, long ms, DateTimeOffset? checkpoint);
}
