using System.Diagnostics.Metrics;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Due;

/// <summary>What the scheduler of this node has in hand, told when somebody asks. Partitions of other nodes are told by those.</summary>
public sealed class PartitionGauges : IDisposable
{
    private static readonly KeyValuePair<string, object?>[] Tags = [.. Enumerable.Range(0, Partitions.Count).Select(p => new KeyValuePair<string, object?>("partition", p))];

    private readonly PartitionOwner _owner;
    private readonly DueBacklog _backlog;
    private readonly Checkpoints _checkpoints;
    private readonly TimeProvider _time;

    public PartitionGauges(PartitionOwner owner, DuePartitionParts parts, InvariantScan flights, TimeProvider time)
    {
        (_owner, _backlog, _checkpoints, _time) = (owner, parts.Backlog, parts.Checkpoints, time);
        Meter.CreateObservableGauge("croncloud.partitions.held", () => _owner.Held.Count, "{partition}", "Partitions that this node scans");
        Meter.CreateObservableGauge("croncloud.partitions.building", () => Held().Count(p => p.Backlog is { IsWhole: false }), "{partition}", "Partitions of this node whose index is being built or compared with the record");
        Meter.CreateObservableGauge("croncloud.due.backlog", Backlog, "{entry}", "Entries that are due and not dispatched, as the partition's last round left them");
        Meter.CreateObservableGauge("croncloud.due.lag", Lag, "s", "Age of the oldest entry that is due and not dispatched; 0 when there is none");
        Meter.CreateObservableGauge("croncloud.checkpoint.age", CheckpointAge, "s", "Age of the oldest checkpoint of this node's partitions");
        Meter.CreateObservableGauge("croncloud.flights", () => _owner.Held.Sum(flights.FlightsOf), "{attempt}", "Attempts that are dispatched and not settled, as the scan of invariants found them in the last minute");
    }

    internal Meter Meter { get; } = new(EngineMeter.Name);

    public void Dispose() => Meter.Dispose();

    private IEnumerable<(int Partition, PartitionBacklog? Backlog)> Held() => _owner.Held.Select(partition => (partition, _backlog.Of(partition)));

    private IEnumerable<Measurement<int>> Backlog() => Held().Where(p => p.Backlog is not null).Select(p => new Measurement<int>(p.Backlog!.Count, Tags[p.Partition]));

    private IEnumerable<Measurement<double>> Lag()
    {
        var now = _time.GetUtcNow();
        return Held().Where(p => p.Backlog is not null).Select(p => new Measurement<double>(p.Backlog!.Oldest is { } oldest ? Math.Max(0, (now - oldest).TotalSeconds) : 0, Tags[p.Partition]));
    }

    /// <summary>A partition that this node took over a moment ago has no checkpoint of it yet.</summary>
    private IEnumerable<Measurement<double>> CheckpointAge()
    {
        var written = _owner.Held.Select(_checkpoints.WrittenOf).Where(at => at is not null).ToList();
        return written.Count > 0 ? [new Measurement<double>((_time.GetUtcNow() - written.Min()!.Value).TotalSeconds)] : [];
    }
}
