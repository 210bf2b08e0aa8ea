using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Due;

/// <summary>
/// One comparison of a partition's index with the record, a step at a time, while the partition goes on being dispatched. What the record has and
/// the index has not is armed: first what is pending, then the jobs, those that are due soonest first; then what is there and should not be is
/// taken out. Of jobs whose first occurrences may be over already history is asked, once all that is due the soonest was looked at, by a step that does nothing else; of what is pending at once. Each step is conditional, so
/// that it may run at any time, beside anybody.
/// </summary>
/// <param name="partition">Which one.</param>
/// <param name="index">What is compared.</param>
/// <param name="jobs">The record of jobs.</param>
/// <param name="pending">The record of what waits.</param>
/// <param name="checkpoint">Everything due up to here was in the queue when the audit began.</param>
/// <param name="time">The clock.</param>
/// <param name="known">Set for a build, when the index lost something: what needs no second start is asked, and left-overs of edits are looked for too. In a whole index those that are not there were worked off.</param>
public sealed class PartitionAudit(int partition, IDueIndex index, IJobStore jobs, IPendingStore pending, DateTimeOffset? checkpoint, TimeProvider time, Known? known = null)
{
    private const int StepSize = 1_000;

    /// <summary>An index with so few entries has next to nothing of what it should have, or is small.</summary>
    private const int Few = 50;

    /// <summary>Of a whole index: what is younger is just being armed, or the change scan's to find. An import writes thousands before it arms them.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);

    /// <summary>Jobs of the first step: those that are due the soonest, of all partitions, before the rest of any.</summary>
    private const int FirstStepSize = 100;
    private const int RevisionsPerStep = 20;

    private static readonly Dictionary<string, DueStamp> NoStamps = [];

    private readonly PendingAudit _pending = new(partition, index, pending, known?.Ends, time);
    private readonly List<Unplanned> _inDoubt = [];

    /// <summary>In a whole index, entries of active jobs, as the record has them or newer: none of them is to be taken out.</summary>
    private readonly HashSet<string> _there = [];
    private readonly List<Unplanned> _answered = [];
    private string? _cursor;
    private Phase _phase;
    private DateTimeOffset _noted;
    private DateTimeOffset? _jobsCompared;

    private enum Phase
    {
        Pending,
        Jobs,
        Edits,
        Strays,
        Ended,
    }

    /// <summary>Everything due up to here was in the queue when the audit began.</summary>
    public DateTimeOffset? Checkpoint => checkpoint;

    /// <summary>What was missing, or older than the record.</summary>
    public List<string> Armed { get; } = [];

    /// <summary>What should not have been there.</summary>
    public List<string> Removed { get; } = [];

    /// <summary>Jobs whose rows this version of the program cannot read: they are passed over.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>Entries of executions that wait.</summary>
    public List<DueStamp> Waiting { get; } = [];

    /// <summary>
    /// Next to nothing was in the index that is to be built: what should not be there was taken out first, and each job is armed without a look at what is there, since whatever is armed gives
    /// way to what is newer, later or over. What came in since is of the record, and should an editor that stood still have put in what is over by now, the scan of the record finds it.
    /// </summary>
    public bool IsSparse { get; private set; }

    /// <summary>How many rows and entries were looked at.</summary>
    public int Seen { get; private set; }

    /// <summary>Whether the revisions tell what jobs were due before they were edited.</summary>
    private bool TellsEdits => known is not null && checkpoint is not null;

    private Phase AfterEdits => IsSparse ? Phase.Ended : Phase.Strays;

    public bool HasEnded => _phase == Phase.Ended && !IsInDoubt && !_pending.IsAsking;

    /// <summary>Whether the next step waits for history, and reads nothing of the record.</summary>
    public bool AsksHistory => AsksAboutJobs || AwaitsPending;

    /// <summary>Whether all that may be due by now is armed.</summary>
    public bool HasSeenSoonest => HasReadSoonest && !IsInDoubt && !_pending.IsAsking;

    private bool AwaitsPending => _pending.IsAsking && HasReadSoonest;

    private bool AsksAboutJobs => _answered.Count == 0 && (_inDoubt.Count >= StepSize || (_inDoubt.Count > 0 && HasReadSoonest));

    private bool IsInDoubt => _inDoubt.Count + _answered.Count > 0;

    /// <summary>Jobs come in the order of notes of when they are due, which are never ahead.</summary>
    private bool HasReadSoonest => _phase > Phase.Jobs || (_phase == Phase.Jobs && _cursor is not null && _noted > time.GetUtcNow());

    public Task StepAsync(CancellationToken cancellation)
    {
        if (_pending.IsAnswered || AwaitsPending)
            return ArmLateAsync(cancellation);
        if (AsksAboutJobs)
            return AskHistoryAsync(cancellation);
        return _answered.Count > 0 ? ArmAnsweredAsync(cancellation) : NextAsync(cancellation);
    }

    private Task NextAsync(CancellationToken cancellation) => _phase switch
    {
        Phase.Pending => BeginAsync(cancellation),
        Phase.Jobs => CompareJobsAsync(cancellation),
        Phase.Edits => ArmEditsAsync(cancellation),
        Phase.Strays => EndAsync(cancellation),
        _ => Task.CompletedTask,
    };

    private async Task BeginAsync(CancellationToken cancellation)
    {
        if (known is not null && await index.ListAsync(partition, null, Few, cancellation) is { NextCursor: null } all)
        {
            IsSparse = true;
            await RemoveStraysAsync(all.Items, cancellation);
        }

        Armed.AddRange(await _pending.CompareAsync(cancellation));
        Seen += _pending.Keys.Count;
        _phase = Phase.Jobs;
    }

    private async Task ArmLateAsync(CancellationToken cancellation)
    {
        var (armed, removed) = await _pending.ArmLateAsync(cancellation);
        Armed.AddRange(armed);
        Removed.AddRange(removed);
    }

    private async Task EndAsync(CancellationToken cancellation)
    {
        var page = await index.ListAsync(partition, _cursor, StepSize, cancellation);
        await RemoveStraysAsync(page.Items, cancellation);
        _cursor = page.NextCursor;
        if (_cursor is null)
            _phase = Phase.Ended;
    }

    private async Task CompareJobsAsync(CancellationToken cancellation)
    {
        var page = await jobs.ReadActiveAsync(partition, _cursor, _cursor is null ? FirstStepSize : StepSize, withRows: known is not null, cancellation);
        var stamps = IsSparse ? NoStamps : await index.StampAsync(partition, [.. page.Items.Select(active => active.Key.ToString())], cancellation);
        var notes = new List<DueNote>();
        var isThere = page.Items.ToLookup(active => IsThere(active, stamps.GetValueOrDefault(active.Key.ToString()), notes));
        if (known is null)
            _there.UnionWith(isThere[true].Select(active => active.Key.ToString()));
        await ArmAsync(WithoutDoubtful(await ReadAsync([.. isThere[false]], stamps, cancellation)), notes, cancellation);
        Seen += page.Items.Count;
        (_cursor, _noted) = (page.NextCursor, page.Items.Count > 0 ? page.Items[^1].NotedDue : DateTimeOffset.MaxValue);
        if (_cursor is not null)
            return;
        _phase = TellsEdits ? Phase.Edits : AfterEdits;
        _jobsCompared = time.GetUtcNow();
    }

    private bool IsThere(ActiveJob active, DueStamp? stamp, List<DueNote> notes)
    {
        var isBehind = stamp is { IsTombstone: false } && stamp.Version == active.Version && stamp.Due <= Core.Due.Checkpoint.InQueue(checkpoint);
        if (stamp is null || stamp.Version < active.Version || isBehind)
            return false;
        if (stamp.Version == active.Version && !stamp.IsTombstone && stamp.Due - active.NotedDue > NoteMargin)
            notes.Add(new DueNote(active.Key, active.Version, stamp.Due));
        return true;
    }

    /// <summary>Of a whole index hardly any is missing: those rows are read by themselves, and what is younger is just being armed.</summary>
    private async Task<List<Unplanned>> ReadAsync(List<ActiveJob> missing, IReadOnlyDictionary<string, DueStamp> stamps, CancellationToken cancellation)
    {
        if (known is not null)
            return [.. missing.Select(active => TryRead(active.Key, active.Read!)).OfType<Job>().Select(job => UnplannedOf(job) with { Since = SinceOf(job, stamps.GetValueOrDefault(job.Key.ToString())) })];
        var rows = await jobs.FindAsync(missing.ConvertAll(active => active.Key), cancellation);
        return [.. rows.Select(row => TryRead(row.Key, row.Value)).OfType<Job>().Where(job => job.State == JobState.Active && time.GetUtcNow() - job.UpdatedAt > Settling).Select(job => UnplannedOf(job))];
    }

    private Unplanned UnplannedOf(Job job, DateTimeOffset? replacedAt = null) => new(job, Core.Due.Checkpoint.UnplannedAfter(job, checkpoint), replacedAt, job.UpdatedAt);

    /// <summary>
    /// Up to when a job leaves over what the index has of it. Nothing of what is older by more than one version: a version in between, of which the index may have been told before it lost that, may have ended it, and the
    /// revisions are going to tell what each of them was due. They have told already of what was written before they were read.
    /// </summary>
    private DateTimeOffset? SinceOf(Job job, DueStamp? stored) =>
        TellsEdits && stored?.Version < job.Version - 1 && !(job.UpdatedAt >= _jobsCompared - ChangeScan.Overlap) ? null : job.UpdatedAt;

    /// <summary>A build asks whether occurrences up to the checkpoint are over. Jobs that it need not ask about do not wait for the answer.</summary>
    private List<Unplanned> WithoutDoubtful(List<Unplanned> unplanned)
    {
        var doubtful = unplanned.ToLookup(u => known is not null && KnownStarts.IsInDoubt(u.Job, u.After, checkpoint));
        _inDoubt.AddRange(doubtful[true]);
        return [.. doubtful[false]];
    }

    private async Task AskHistoryAsync(CancellationToken cancellation)
    {
        var over = await known!.Starts.AdvanceAsync(_inDoubt.ConvertAll(u => (u.Job, u.After)), checkpoint!.Value, _pending.Keys, cancellation);
        _answered.AddRange(_inDoubt.Zip(over, (u, after) => u with { After = after }));
        _inDoubt.Clear();
    }

    private async Task ArmAnsweredAsync(CancellationToken cancellation)
    {
        await ArmAsync(_answered, [], cancellation);
        _answered.Clear();
    }

    /// <summary>One row that cannot be read must not keep all those behind it out of the index.</summary>
    private Job? TryRead(JobKey key, Func<Job> read)
    {
        try
        {
            var job = read();
            _ = job.Schedule();
            return job;
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException or InvalidOperationException)
        {
            Unreadable.Add(key.ToString());
            return null;
        }
    }

    /// <summary>What jobs were due before they were edited, and is not in the queue: the revisions tell. Of a deleted job it ends as skipped.</summary>
    private async Task ArmEditsAsync(CancellationToken cancellation)
    {
        var page = await jobs.ReadChangedAsync([partition], Core.Due.Checkpoint.InQueue(checkpoint)!.Value, _cursor, StepSize, cancellation);
        var replaced = new List<Unplanned>();
        foreach (var changed in page.Items.Where(job => job.Version > 1))
            replaced.AddRange(await ReplacedOfAsync(changed.Key, cancellation));
        await ArmAsync(WithoutDoubtful(replaced), [], cancellation);
        Seen += page.Items.Count;
        _cursor = page.NextCursor;
        if (_cursor is null)
            _phase = AfterEdits;
    }

    /// <summary>The versions of a job that the queue may not have all of, each with the instant at which the next one replaced it.</summary>
    private async Task<IReadOnlyList<Unplanned>> ReplacedOfAsync(JobKey key, CancellationToken cancellation)
    {
        var (replaced, cursor) = (new List<Unplanned>(), (string?)null);
        Revision? newer = null;
        do
        {
            var page = await jobs.ListRevisionsAsync(key, RevisionsPerStep, cursor, cancellation);
            foreach (var revision in page.Items)
            {
                if (newer is not null && TryRead(key, () => JobOf(key, revision)) is { } job)
                    replaced.Add(UnplannedOf(job, newer.At));
                if (revision.At <= Core.Due.Checkpoint.InQueue(checkpoint))
                    return replaced;
                newer = revision;
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return replaced;
    }

    private static Job JobOf(JobKey key, Revision revision) =>
        new() { Key = key, Definition = revision.Definition, State = revision.State, Version = revision.Version, CreatedAt = revision.At, UpdatedAt = revision.At };

    /// <summary>A note may be behind by this much: it only sets the order in which an emptied index is built.</summary>
    private static readonly TimeSpan NoteMargin = TimeSpan.FromMinutes(2);

    /// <summary>Each with its first occurrence that may not be in the queue yet. A job that has none is noted so; what an edit replaced is left over beside the new version, if it was due before.</summary>
    private async Task ArmAsync(List<Unplanned> unplanned, List<DueNote> notes, CancellationToken cancellation)
    {
        var entries = new List<DueEntry>();
        foreach (var (job, after, replacedAt, since) in unplanned)
        {
            var entry = DueItem.EntryOf(job, after, time.GetUtcNow());
            if (replacedAt is { } until)
                entries.AddRange(!entry.IsTombstone && entry.Due <= until ? [entry.LeftOver(until)] : []);
            else if (entry.IsTombstone)
                notes.Add(new DueNote(job.Key, job.Version, null));
            else
                entries.Add(entry with { Since = since, Raises = true });
        }

        await ArmAsync(entries, cancellation);
        await jobs.NoteDueAsync(notes, cancellation);
    }

    private async Task ArmAsync(IReadOnlyList<DueEntry> entries, CancellationToken cancellation)
    {
        if (entries.Count > 0)
            await index.ArmAsync(partition, entries, cancellation);
        Armed.AddRange(entries.Select(e => e.Key));
    }

    /// <summary>An older copy of the index has left-overs that are in the queue since, and jobs that the record has stopped since, or given a schedule that has ended: a tombstone of their version ends those.</summary>
    private async Task RemoveStraysAsync(IReadOnlyList<DueStamp> stamps, CancellationToken cancellation)
    {
        Seen += stamps.Count;
        var leftOvers = stamps.Where(stamp => stamp.IsLeftOver && stamp.Due <= Core.Due.Checkpoint.InQueue(checkpoint)).ToList();
        if (leftOvers.Count > 0 && await index.RemoveAsync(partition, leftOvers, cancellation) > 0)
            Removed.AddRange(leftOvers.Select(stamp => stamp.Key));

        Waiting.AddRange(stamps.Where(stamp => !stamp.IsTombstone && EntryKeys.IsOfExecution(stamp.Key)));
        var living = stamps.Where(stamp => !stamp.IsTombstone && !_there.Contains(stamp.Key)).DistinctBy(stamp => stamp.Key).ToDictionary(stamp => stamp.Key);
        var keys = living.Keys.Select(EntryKeys.JobOf).OfType<JobKey>().ToList();
        if (keys.Count == 0)
            return;
        var older = (await jobs.StampAsync(keys, cancellation)).Where(job => job.Value.Version > living[job.Key.ToString()].Version).Select(job => job.Key).ToList();
        if (older.Count == 0)
            return;
        var read = (await jobs.FindAsync(older, cancellation)).Select(row => TryRead(row.Key, row.Value)).OfType<Job>().ToList();
        await index.ArmAsync(partition, read.ConvertAll(job => EntryOf(job, living[job.Key.ToString()])), cancellation);
        Removed.AddRange(read.Select(job => job.Key.ToString()));
    }

    /// <summary>As an edit arms it. Most are tombstones, but a job may be written anew at any moment: then it is its next occurrence.</summary>
    private DueEntry EntryOf(Job job, DueStamp stored) =>
        DueItem.EntryOf(job, Core.Due.Checkpoint.UnplannedAfter(job, checkpoint), time.GetUtcNow()) with { Since = stored.Due <= Core.Due.Checkpoint.InQueue(checkpoint) ? null : SinceOf(job, stored) };

    /// <param name="Job">A version of a job that the index has to have.</param>
    /// <param name="After">Its occurrences up to here need no start.</param>
    /// <param name="ReplacedAt">Until when it was the version in force; null when it is.</param>
    /// <param name="Since">See <see cref="DueEntry.Since"/>.</param>
    private sealed record Unplanned(Job Job, DateTimeOffset After, DateTimeOffset? ReplacedAt, DateTimeOffset? Since);
}
