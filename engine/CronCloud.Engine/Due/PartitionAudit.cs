using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Due;

/// <summary>
/// One comparison of a partition's index with the record, a step at a time, while the partition goes on being dispatched. What the record has and
/// the index has not is armed: first what is pending, then the jobs, those that are due soonest first; then what is there and should not be is
/// taken out. Each step is conditional, so that it may run at any time, beside anybody.
/// </summary>
public sealed class PartitionAudit(int partition, IDueIndex index, IJobStore jobs, IPendingStore pending, DateTimeOffset? checkpoint, TimeProvider time)
{
    private const int StepSize = 1_000;
    private const int MaxFlights = 100_000;

    private string? _cursor;
    private Phase _phase;

    private enum Phase
    {
        Pending,
        Jobs,
        Strays,
        Ended,
    }

    /// <summary>Everything due up to here was in the queue when the audit began.</summary>
    public DateTimeOffset? Checkpoint => checkpoint;

    /// <summary>What was missing, or older than the record.</summary>
    public List<string> Armed { get; } = [];

    /// <summary>What should not have been there.</summary>
    public List<string> Removed { get; } = [];

    /// <summary>How many rows and entries were looked at.</summary>
    public int Seen { get; private set; }

    public bool HasEnded => _phase == Phase.Ended;

    public Task StepAsync(CancellationToken cancellation) => _phase switch
    {
        Phase.Pending => ComparePendingAsync(cancellation),
        Phase.Jobs => CompareJobsAsync(cancellation),
        Phase.Strays => RemoveStraysAsync(cancellation),
        _ => Task.CompletedTask,
    };

    private async Task ComparePendingAsync(CancellationToken cancellation)
    {
        var rows = await pending.ReadAsync(partition, cancellation);
        var missing = new List<PendingExecution>();
        foreach (var part in rows.Chunk(StepSize))
        {
            var stamps = await index.StampAsync(partition, [.. part.Select(p => p.Execution.EntryKey)], cancellation);
            missing.AddRange(part.Where(p => !stamps.TryGetValue(p.Execution.EntryKey, out var stamp) || stamp.Version < p.Execution.Attempt));
        }

        Seen += rows.Count;
        if (missing.Count > 0)
            await ArmAsync(await WithoutRunningAsync(missing, cancellation), cancellation);
        _phase = Phase.Jobs;
    }

    /// <summary>What is in flight, or waits for its job's slot, has no entry of its own.</summary>
    private async Task<List<DueEntry>> WithoutRunningAsync(List<PendingExecution> missing, CancellationToken cancellation)
    {
        var flights = (await index.ReadFlightsAsync(partition, DateTimeOffset.MaxValue, MaxFlights, cancellation)).Select(f => f.Id).ToHashSet();
        var lost = new List<DueEntry>();
        foreach (var (execution, due) in missing.Where(p => !flights.Contains(p.Execution.AttemptId)))
        {
            if (await index.FindAsync(partition, execution.EntryKey, cancellation) is null or { IsTombstone: true })
                lost.Add(DueItem.EntryOf(execution, due));
        }

        return lost;
    }

    private async Task CompareJobsAsync(CancellationToken cancellation)
    {
        var page = await jobs.ReadActiveAsync(partition, _cursor, StepSize, cancellation);
        var stamps = await index.StampAsync(partition, [.. page.Items.Select(active => active.Key.ToString())], cancellation);
        var (armed, notes) = (new List<DueEntry>(), new List<DueNote>());
        foreach (var active in page.Items)
            Compare(active, stamps.GetValueOrDefault(active.Key.ToString()), armed, notes);
        await ArmAsync(armed, cancellation);
        await jobs.NoteDueAsync(notes, cancellation);
        Seen += page.Items.Count;
        _cursor = page.NextCursor;
        if (_cursor is null)
            _phase = Phase.Strays;
    }

    private void Compare(ActiveJob active, DueStamp? stamp, List<DueEntry> armed, List<DueNote> notes)
    {
        var isBehind = stamp is { IsTombstone: false } && stamp.Version == active.Version && stamp.Due <= Core.Due.Checkpoint.InQueue(checkpoint);
        if (stamp?.Version >= active.Version && !isBehind)
        {
            if (stamp.Version == active.Version && !stamp.IsTombstone && stamp.Due - active.NotedDue > NoteMargin)
                notes.Add(new DueNote(active.Key, active.Version, stamp.Due));
            return;
        }

        var job = active.Read();
        var entry = DueItem.EntryOf(job, Core.Due.Checkpoint.UnplannedAfter(job, checkpoint), time.GetUtcNow());
        if (entry.IsTombstone)
            notes.Add(new DueNote(active.Key, active.Version, null));
        else
            armed.Add(entry with { Since = job.UpdatedAt, Raises = true });
    }

    /// <summary>A note may be behind by this much: it only sets the order in which an emptied index is built.</summary>
    private static readonly TimeSpan NoteMargin = TimeSpan.FromMinutes(2);

    private async Task ArmAsync(IReadOnlyList<DueEntry> entries, CancellationToken cancellation)
    {
        if (entries.Count > 0)
            await index.ArmAsync(partition, entries, cancellation);
        Armed.AddRange(entries.Select(e => e.Key));
    }

    /// <summary>An older copy of the index has left-overs that are in the queue since, and jobs that the record has stopped since, or given a schedule that has ended: a tombstone of their version ends those.</summary>
    private async Task RemoveStraysAsync(CancellationToken cancellation)
    {
        var page = await index.ListAsync(partition, _cursor, StepSize, cancellation);
        var leftOvers = page.Items.Where(stamp => stamp.IsLeftOver && stamp.Due <= Core.Due.Checkpoint.InQueue(checkpoint)).ToList();
        if (leftOvers.Count > 0 && await index.RemoveAsync(partition, leftOvers, cancellation) > 0)
            Removed.AddRange(leftOvers.Select(stamp => stamp.Key));

        var living = page.Items.Where(stamp => !stamp.IsTombstone).ToDictionary(stamp => stamp.Key);
        var keys = living.Keys.Select(EntryKeys.JobOf).OfType<JobKey>().ToList();
        var older = (await jobs.StampAsync(keys, cancellation)).Where(job => job.Value.Version > living[job.Key.ToString()].Version).Select(job => job.Key).ToList();
        var entries = new List<DueEntry>();
        foreach (var key in older)
            entries.Add(EntryOf((await jobs.FindAsync(key, cancellation))!));
        await index.ArmAsync(partition, entries, cancellation);
        Removed.AddRange(older.Select(key => key.ToString()));
        Seen += page.Items.Count;
        _cursor = page.NextCursor;
        if (_cursor is null)
            _phase = Phase.Ended;
    }

    /// <summary>As an edit arms it. Most are tombstones, but a job may be written anew at any moment: then it is its next occurrence.</summary>
    private DueEntry EntryOf(Job job) =>
        DueItem.EntryOf(job, Core.Due.Checkpoint.UnplannedAfter(job, checkpoint), time.GetUtcNow()) with { Since = job.State == JobState.Deleted ? null : job.UpdatedAt };
}
