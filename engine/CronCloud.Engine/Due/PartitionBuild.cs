using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Due;

/// <summary>One build of a partition's index: an audit, after which the partition counts as built.</summary>
public sealed class PartitionBuild
{
    private readonly int _partition;
    private readonly IDueIndex _index;
    private readonly string _id;
    private readonly string _incarnation;

    private PartitionBuild(int partition, IDueIndex index, string id, string incarnation, PartitionAudit audit, long started) =>
        (_partition, _index, _id, _incarnation, Audit, Started) = (partition, index, id, incarnation, audit, started);

    public PartitionAudit Audit { get; }

    public long Started { get; }

    public static async Task<PartitionBuild> BeginAsync(
        int partition, IDueIndex index, IJobStore jobs, IPendingStore pending, ICheckpointStore checkpoints, Known known, TimeProvider time, CancellationToken cancellation)
    {
        var incarnation = await index.ReadIncarnationAsync(cancellation);
        var checkpoint = await checkpoints.ReadAsync(partition, cancellation);
        var id = await index.BeginBuildAsync(partition, cancellation);
        return new PartitionBuild(partition, index, id, incarnation, new PartitionAudit(partition, index, jobs, pending, checkpoint, time, known), time.GetTimestamp());
    }

    /// <summary>Does the next step. False when the index was emptied since the build began, or somebody else began one: it has to begin anew.</summary>
    public async Task<bool> StepAsync(CancellationToken cancellation)
    {
        await Audit.StepAsync(cancellation);
        return !Audit.HasEnded || await _index.EndBuildAsync(_partition, _id, _incarnation, cancellation);
    }
}
