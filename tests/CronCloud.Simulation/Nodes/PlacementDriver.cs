using CronCloud.Core.Due;
using CronCloud.Engine.Due;
using CronCloud.Simulation.Checking;

namespace CronCloud.Simulation.Nodes;

/// <summary>Keeps a loop running for each partition that the node owns and that has jobs in this world, as the product's actor does.</summary>
internal sealed class PlacementDriver
{
    /// <summary>A wake may be lost: a loop looks every second by itself.</summary>
    private const double LostWakes = 0.05;

    private readonly NodeProcess _node;
    private readonly NodeParts _parts;
    private readonly Ledger _ledger;
    private readonly Dictionary<int, LoopDriver> _loops = [];
    private bool _draining;

    public PlacementDriver(NodeProcess node, NodeParts parts, IDueIndex index, Ledger ledger)
    {
        (_node, _parts, _ledger) = (node, parts, ledger);
        Action<int> wake = partition => node.World.Post(() => Wake(partition));
        index.Woken += wake;
        node.Died += () => index.Woken -= wake;
    }

    public void Start() => _node.World.Begin(RunAsync);

    /// <summary>Ends the runs at hand and gives the leases up.</summary>
    public async Task DrainAsync()
    {
        _draining = true;
        await Task.WhenAll(_loops.Values.Select(loop => loop.DrainAsync())).WaitAsync(TimeSpan.FromSeconds(10), _node.Time);
        await _parts.Owner.LeaveAsync(CancellationToken.None);
    }

    private async Task RunAsync()
    {
        while (!_draining)
        {
            var next = PartitionOwner.Interval;
            try
            {
                var placement = await _parts.Owner.RunOnceAsync([.. _loops.Keys], CancellationToken.None);
                next = _parts.Leases.IsRefused ? PartitionOwner.SoonInterval : PartitionOwner.Interval;
                if (!_draining)
                    Apply(placement);
            }
            catch (Exception failure)
            {
                _ledger.AddFailure(_node, "placement", failure);
            }

            await _node.Time.DelayExactlyAsync(next, CancellationToken.None);
        }
    }

    private void Apply(Placement placement)
    {
        foreach (var partition in placement.Gained)
        {
            _node.Note($"scans partition {partition}");
            _loops[partition] = new LoopDriver(_node, _parts.DuePartitionOf(partition), _ledger);
            _loops[partition].Start();
        }

        if (placement.Lost.Where(_loops.ContainsKey).ToList() is { Count: > 0 } lost)
            _node.World.Begin(() => HandOverAsync(lost));
    }

    private async Task HandOverAsync(List<int> partitions)
    {
        var loops = partitions.ConvertAll(p => _loops[p]);
        partitions.ForEach(p => _loops.Remove(p));
        _node.Note($"hands over {string.Join(", ", partitions)}");
        try
        {
            await Task.WhenAll(loops.Select(loop => loop.DrainAsync())).WaitAsync(PartitionOwner.LeaseLife, _node.Time);
            await _parts.Owner.ReleaseAsync(partitions, CancellationToken.None);
        }
        catch (Exception failure)
        {
            _ledger.AddFailure(_node, "hand-over", failure);
        }
        finally
        {
            loops.ForEach(loop => loop.Stop());
        }
    }

    private void Wake(int partition)
    {
        if (!_node.IsDead && _loops.TryGetValue(partition, out var loop) && (_node.Weather.IsHealed || !_node.World.Chance(LostWakes)))
            loop.Wake();
    }
}
