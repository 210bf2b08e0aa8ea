using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>
/// Goes round this node's partitions for ever, and compares the due index with the record: an active job without an entry, an entry without
/// a reason, one that is overdue beyond a bound, an attempt in flight beyond its deadline, a slot that nobody has. What it finds is mended and reported.
/// A few thousand rows a second at most: it costs little, and finds what no promise rests on.
/// </summary>
public sealed class RecordScan(
    PartitionOwner owner, IDueIndex index, IJobStore jobs, IPendingStore pending, ICheckpointStore checkpoints, Findings findings, TimeProvider time) : ILoop
{
    private const int RowsPerRun = 1_000;
    private const int PartitionsPerRun = 16;
    private const int MostTold = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>What is due, or past its deadline, for so long is not about to be looked after.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Suspects _suspects = new();
    private PartitionAudit? _audit;
    private int _partition = -1;

    public string Name => "record scan";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        for (var (rows, partitions) = (0, 0); rows < RowsPerRun && partitions < PartitionsPerRun;)
        {
            if (_audit is null && !await BeginAsync(cancellation))
                return Interval;
            var seen = _audit!.Seen;
            await _audit.StepAsync(cancellation);
            rows += _audit.Seen - seen;
            if (!_audit.HasEnded)
                continue;
            Report(_audit);
            _audit = null;
            await CompareFlightsAsync(cancellation);
            partitions++;
        }

        return Interval;
    }

    private async Task<bool> BeginAsync(CancellationToken cancellation)
    {
        if (owner.Held.Count == 0)
            return false;
        var held = owner.Held.Order().ToList();
        _partition = held.Find(p => p > _partition) is > 0 and var next ? next : held[0];
        _audit = new PartitionAudit(_partition, index, jobs, pending, await checkpoints.ReadAsync(_partition, cancellation), time);
        return true;
    }

    private void Report(PartitionAudit audit)
    {
        audit.Armed.ForEach(key => findings.Report(_partition, "missing", key, isMended: true));
        audit.Removed.ForEach(key => findings.Report(_partition, "stray", key, isMended: true));
    }

    private async Task CompareFlightsAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var overdue = await index.ScanAsync(_partition, new DueQuery { Now = now - Bound, Limit = MostTold }, cancellation);
        foreach (var entry in overdue.Entries.Where(e => !e.IsTombstone))
            findings.Report(_partition, "overdue", entry.Key, isMended: false);
        foreach (var flight in await index.ReadFlightsAsync(_partition, now - Bound, MostTold, cancellation))
            findings.Report(_partition, "unsettled", flight.Id, isMended: false);
        await FreeSlotsAsync(now, cancellation);
        await RemoveExecutionsAsync(now, cancellation);
        await ForgetEndedAsync(now, cancellation);
        _suspects.Forget(now);
    }

    /// <summary>A slot belongs to an execution that is in flight or waits for a retry. Between its claim and its flight it is neither: two looks.</summary>
    private async Task FreeSlotsAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var slots = await index.ReadSlotsAsync(_partition, cancellation);
        if (slots.Count == 0)
            return;
        var flights = (await index.ReadFlightsAsync(_partition, DateTimeOffset.MaxValue, int.MaxValue, cancellation)).Select(f => f.Id[..f.Id.LastIndexOf('#')]).ToHashSet();
        var entries = await index.StampAsync(_partition, [.. slots.Select(s => s.Execution)], cancellation);
        var free = slots.Where(s => !flights.Contains(s.Execution) && entries.GetValueOrDefault(s.Execution) is null or { IsTombstone: true })
            .Where(s => _suspects.Confirm($"slot {s.Execution}", now)).ToList();
        if (free.Count == 0)
            return;
        await index.LandAsync(_partition, free.ConvertAll(s => new Landing(null, null) { Frees = s }), now, cancellation);
        free.ForEach(s => findings.Report(_partition, "slot", s.Execution, isMended: true));
    }

    /// <summary>An execution that waits is in the record; a moment before it is armed there, or a moment after it has ended, it is not: two looks.</summary>
    private async Task RemoveExecutionsAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        string? cursor = null;
        HashSet<string>? known = null;
        do
        {
            var page = await index.ListAsync(_partition, cursor, RowsPerRun, cancellation);
            cursor = page.NextCursor;
            var waiting = page.Items.Where(s => !s.IsTombstone && EntryKeys.IsOfExecution(s.Key)).ToList();
            if (waiting.Count == 0)
                continue;
            known ??= [.. (await pending.ReadAsync(_partition, cancellation)).Select(p => p.Execution.EntryKey)];
            var strays = waiting.Where(s => !known.Contains(s.Key) && _suspects.Confirm($"entry {s.Key} {s.Version}", now)).ToList();
            if (strays.Count > 0 && await index.RemoveAsync(_partition, strays, cancellation) > 0)
                strays.ForEach(s => findings.Report(_partition, "stray", s.Key, isMended: true));
        }
        while (cursor is not null);
    }

    /// <summary>
    /// A row whose execution has a tombstone and nothing in flight has ended: its retry would be an entry, and who waits for a slot is one too. Its last outcome was
    /// lost between the index and the record, or the row was written after it. Left alone, it would be made once more when the tombstone is gone.
    /// </summary>
    private async Task ForgetEndedAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var rows = (await pending.ReadAsync(_partition, cancellation)).Where(p => p.Due <= now).Select(p => p.Execution).ToList();
        if (rows.Count == 0)
            return;
        var stamps = await index.StampAsync(_partition, rows.ConvertAll(e => e.EntryKey), cancellation);
        var flights = (await index.ReadFlightsAsync(_partition, DateTimeOffset.MaxValue, int.MaxValue, cancellation)).Select(f => f.Id[..f.Id.LastIndexOf('#')]).ToHashSet();
        var ended = new List<Execution>();
        foreach (var row in rows.Where(e => stamps.GetValueOrDefault(e.EntryKey) is { IsTombstone: true } stamp && stamp.Version >= e.Attempt && !flights.Contains(e.EntryKey)))
        {
            if (await index.FindAsync(_partition, row.EntryKey, cancellation) is { IsTombstone: true } && _suspects.Confirm($"row {row.AttemptId}", now))
                ended.Add(row);
        }

        await pending.RemoveAsync(ended, cancellation);
        ended.ForEach(e => findings.Report(_partition, "ended", e.AttemptId, isMended: true));
    }
}
