using System.Collections.Concurrent;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>
/// Looks at each of this node's partitions once a minute for what should not be: an entry that is overdue beyond a bound, an attempt in flight
/// beyond its deadline, a slot that nobody has, a row of the record whose execution has ended. What can be mended is, and all of it is reported.
/// </summary>
public sealed class InvariantScan(PartitionOwner owner, IDueIndex index, IPendingStore pending, Findings findings, TimeProvider time) : ILoop
{
    private const int MostTold = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(1);

    /// <summary>What is due, or past its deadline, for so long is not about to be looked after.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Suspects _suspects = new();
    private readonly Dictionary<int, DateTimeOffset> _nextLook = [];
    private readonly ConcurrentDictionary<int, int> _flights = [];

    public string Name => "invariant scan";

    /// <summary>Attempts of the partition that were in flight at the last look.</summary>
    public int FlightsOf(int partition) => _flights.GetValueOrDefault(partition);

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var due = owner.Held.Where(partition => _nextLook.GetValueOrDefault(partition) <= now).Order().Take((owner.Held.Count / (int)(Round / Interval)) + 1).ToList();
        foreach (var partition in due)
        {
            await LookAsync(partition, now, cancellation);
            _nextLook[partition] = now + Round;
        }

        _suspects.Forget(now);
        return Interval;
    }

    private async Task LookAsync(int partition, DateTimeOffset now, CancellationToken cancellation)
    {
        var overdue = await index.ScanAsync(partition, new DueQuery { Now = now - Bound, Limit = MostTold }, cancellation);
        if (!overdue.IsBuilt)
            return;
        foreach (var entry in overdue.Entries.Where(e => !e.IsTombstone))
            findings.Report(partition, "overdue", entry.Key, isMended: false);
        var flights = await index.ReadFlightsAsync(partition, DateTimeOffset.MaxValue, int.MaxValue, cancellation);
        _flights[partition] = flights.Count;
        foreach (var flight in flights.Where(f => f.Deadline <= now - Bound).Take(MostTold))
            findings.Report(partition, "unsettled", flight.Id, isMended: false);
        var running = flights.Select(f => f.Id[..f.Id.LastIndexOf('#')]).ToHashSet();
        await FreeSlotsAsync(partition, running, now, cancellation);
        await ForgetEndedAsync(partition, running, now, cancellation);
    }

    /// <summary>A slot belongs to an execution that is in flight or waits for a retry. Between its claim and its flight it is neither: two looks.</summary>
    private async Task FreeSlotsAsync(int partition, HashSet<string> running, DateTimeOffset now, CancellationToken cancellation)
    {
        var slots = await index.ReadSlotsAsync(partition, cancellation);
        if (slots.Count == 0)
            return;
        var entries = await index.StampAsync(partition, [.. slots.Select(s => s.Execution)], cancellation);
        var free = slots.Where(s => !running.Contains(s.Execution) && entries.GetValueOrDefault(s.Execution) is null or { IsTombstone: true })
            .Where(s => _suspects.Confirm($"slot {s.Execution}", now)).ToList();
        if (free.Count == 0)
            return;
        await index.LandAsync(partition, free.ConvertAll(s => new Landing(null, null) { Frees = s }), now, cancellation);
        free.ForEach(s => findings.Report(partition, "slot", s.Execution, isMended: true));
    }

    /// <summary>
    /// A row whose execution has a tombstone and nothing in flight has ended: its retry would be an entry, and who waits for a slot is one too. Its last outcome was
    /// lost between the index and the record, or the row was written after it. Left alone, it would be made once more when the tombstone is gone, however late it is due.
    /// </summary>
    private async Task ForgetEndedAsync(int partition, HashSet<string> running, DateTimeOffset now, CancellationToken cancellation)
    {
        var rows = (await pending.ReadAsync(partition, cancellation)).Select(p => p.Execution).ToList();
        if (rows.Count == 0)
            return;
        var ended = new List<Execution>();
        var stamps = await index.StampAsync(partition, rows.ConvertAll(e => e.EntryKey), cancellation);
        foreach (var row in rows.Where(e => stamps.GetValueOrDefault(e.EntryKey) is { IsTombstone: true } stamp && stamp.Version >= e.Attempt && !running.Contains(e.EntryKey)))
        {
            if (await index.FindAsync(partition, row.EntryKey, cancellation) is { IsTombstone: true } && _suspects.Confirm($"row {row.AttemptId}", now))
                ended.Add(row);
        }

        await pending.RemoveAsync(ended, cancellation);
        ended.ForEach(e => findings.Report(partition, "ended", e.AttemptId, isMended: true));
    }
}
