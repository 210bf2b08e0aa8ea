using System.Diagnostics.Metrics;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Due;

/// <summary>What the scheduler of this node has in hand, told when somebody asks. Partitions of other nodes are told by those.</summary>
public sealed class PartitionGauges : IDisposable
{
    private static readonly KeyValuePair<string, object?>[] Tags = [.. Enumerable.Range(0, Partitions.Count).Select(p => new KeyValuePair<string, object?>("partition", p))];

    /// <summary>A partition's loop looks at least once a second: after this nothing is known of it.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(5);

    private readonly PartitionOwner _owner;
    private readonly DueBacklog _backlog;
    private readonly Checkpoints _checkpoints;
    private readonly TimeProvider _time;

    public PartitionGauges(PartitionOwner owner, DuePartitionParts parts, InvariantScan flights, TimeProvider time)
    {
        (_owner, _backlog, _checkpoints, _time) = (owner, parts.Backlog, parts.Checkpoints, time);
        Meter.CreateObservableGauge("croncloud.partitions.held", () => _owner.Leased.Count, "{partition}", "Partitions that this node scans, and whose leases it could renew");
        Meter.CreateObservableGauge("croncloud.partitions.building", () => Looks().Count(look => look.Backlog is { IsWhole: false }), "{partition}", "Partitions of this node whose index is being built or compared with the record");
        Meter.CreateObservableGauge("croncloud.due.backlog", Backlog, "{entry}", "Entries that are due and not dispatched, as the partition's last round left them");
        Meter.CreateObservableGauge("croncloud.due.lag", Lag, "s", "Age of the oldest entry that is due and not dispatched; 0 when there is none; the age of the last look when that is old");
        Meter.CreateObservableGauge("croncloud.checkpoint.age", CheckpointAge, "s", "Age of the oldest checkpoint of this node's partitions");
        Meter.CreateObservableGauge("croncloud.flights", () => _owner.Leased.Keys.Sum(flights.FlightsOf), "{attempt}", "Attempts that are dispatched and not settled, as the scan of invariants found them in the last minute");
    }

    internal Meter Meter { get; } = new(EngineMeter.Name);

    public void Dispose() => Meter.Dispose();

    /// <summary>What was seen before the partition was this node's, or before it came back, tells nothing.</summary>
    private IEnumerable<(int Partition, DateTimeOffset Since, PartitionBacklog? Backlog)> Looks() =>
        _owner.Leased.Select(held => (held.Key, held.Value, _backlog.Of(held.Key) is { } seen && seen.LookedAt >= held.Value ? seen : null));

    private IEnumerable<Measurement<int>> Backlog() => Looks().Where(look => look.Backlog is not null).Select(look => new Measurement<int>(look.Backlog!.Count, Tags[look.Partition]));

    private IEnumerable<Measurement<double>> Lag()
    {
        var now = _time.GetUtcNow();
        return Looks().Select(look => new Measurement<double>(LagOf(look.Since, look.Backlog, now).TotalSeconds, Tags[look.Partition]));
    }

    /// <summary>What came due since the last look is waiting unseen.</summary>
    private static TimeSpan LagOf(DateTimeOffset since, PartitionBacklog? seen, DateTimeOffset now)
    {
        var unseen = now - (seen?.LookedAt ?? since);
        var waiting = now - (seen?.Oldest ?? now);
        return unseen > LookPatience && unseen > waiting ? unseen : waiting > TimeSpan.Zero ? waiting : TimeSpan.Zero;
    }

    /// <summary>A partition of which this node wrote none counts from when it took it over.</summary>
    private IEnumerable<Measurement<double>> CheckpointAge()
    {
        var leased = _owner.Leased;
        if (leased.Count == 0)
            return [];
        var oldest = leased.Min(held => _checkpoints.WrittenOf(held.Key) is { } written && written > held.Value ? written : held.Value);
        return [new Measurement<double>((_time.GetUtcNow() - oldest).TotalSeconds)];
    }
}
