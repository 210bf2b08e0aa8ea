using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>
/// Goes round this node's partitions for ever, and compares the due index with the record: an active job without an entry, an entry without
/// a reason, a row that cannot be read. What it finds is mended where it can be, and reported. About a thousand rows a second, and a tenth of
/// that while the node is late or builds an index: it costs little, and finds what no promise rests on.
/// </summary>
public sealed class RecordScan(
    PartitionOwner owner, IDueIndex index, IJobStore jobs, IPendingStore pending, ICheckpointStore checkpoints, DueBacklog backlog, Findings findings, TimeProvider time) : ILoop
{
    private const int RowsPerRun = 1_000;
    private const int PartitionsPerRun = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IntervalWhileBusy = Interval * 10;

    /// <summary>No partition is compared more often.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(1);

    private readonly Suspects _suspects = new();
    private readonly Dictionary<int, DateTimeOffset> _nextLook = [];
    private PartitionAudit? _audit;
    private int _partition = -1;

    public string Name => "record scan";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        try
        {
            for (var (rows, partitions) = (0, 0); rows < RowsPerRun && partitions < PartitionsPerRun;)
            {
                if (_audit is null && !await BeginAsync(cancellation))
                    break;
                if (!await index.IsBuiltAsync(_partition, cancellation))
                {
                    _audit = null; // the build compares all of it, and asks what is over
                    partitions++;
                    continue;
                }

                var seen = _audit!.Seen;
                await _audit.StepAsync(cancellation);
                rows += _audit.Seen - seen;
                if (!_audit.HasEnded)
                    continue;
                Report(_audit);
                await RemoveStraysAsync(_audit.Waiting, cancellation);
                _audit = null;
                partitions++;
            }
        }
        catch
        {
            _audit = null; // the next one begins with another partition
            throw;
        }

        return backlog.IsBusy(time.GetUtcNow()) ? IntervalWhileBusy : Interval;
    }

    private async Task<bool> BeginAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        _suspects.Forget(now);
        var due = owner.Held.Where(p => _nextLook.GetValueOrDefault(p) <= now).Order().ToList();
        if (due.Count == 0)
            return false;
        _partition = due.Find(p => p > _partition) is > 0 and var next ? next : due[0];
        _nextLook[_partition] = now + Round;
        _audit = new PartitionAudit(_partition, index, jobs, pending, await checkpoints.ReadAsync(_partition, cancellation), time);
        return true;
    }

    private void Report(PartitionAudit audit)
    {
        audit.Armed.ForEach(key => findings.Report(_partition, "missing", key, isMended: true));
        audit.Removed.ForEach(key => findings.Report(_partition, "stray", key, isMended: true));
        audit.Unreadable.ForEach(key => findings.Report(_partition, "unreadable", key, isMended: false));
    }

    /// <summary>An execution that waits is in the record; a moment before it is armed there, or a moment after it has ended, it is not: two looks.</summary>
    private async Task RemoveStraysAsync(List<DueStamp> waiting, CancellationToken cancellation)
    {
        if (waiting.Count == 0)
            return;
        var now = time.GetUtcNow();
        var known = (await pending.ReadAsync(_partition, cancellation)).Select(p => p.Execution.EntryKey).ToHashSet();
        var strays = waiting.Where(s => !known.Contains(s.Key) && _suspects.Confirm($"entry {s.Key} {s.Version}", now)).ToList();
        if (strays.Count > 0 && await index.RemoveAsync(_partition, strays, cancellation) > 0)
            strays.ForEach(s => findings.Report(_partition, "stray", s.Key, isMended: true));
    }
}
