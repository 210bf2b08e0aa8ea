using System.Runtime.ExceptionServices;
using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>
/// Arms what was written and not armed: whoever wrote it died in between, or lost the due index. It looks at the latest changes only, and checkpoints wait for it: so they may
/// say that a job is in the index a minute after its row was written (<see cref="Checkpoint.ArmingMargin"/>). An index that was emptied has lost
/// the jobs that came to their end, too: what ran is not started again.
/// </summary>
public sealed class ChangeScan(PartitionOwner owner, IDueIndex index, IJobStore jobs, IPendingStore pending, ICheckpointStore store, Checkpoints checkpoints, DueBacklog backlog, KnownStarts starts, Findings findings, TimeProvider time) : ILoop
{
    private const int PageSize = 4_000;

    /// <summary>What is armed in one step: nobody else is served meanwhile.</summary>
    private const int ArmedAtOnce = 250;

    /// <summary>How soon a partition is looked at that this node has only now.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How often each one is.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(15);

    /// <summary>A row may be seen so long after the instant that it bears: clocks differ, and a statement takes its time.</summary>
    internal static readonly TimeSpan Overlap = TimeSpan.FromSeconds(15);

    /// <summary>What is younger is just being armed.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    /// <summary>In one run nobody is waited for any longer, from the first question on: what was written may be due.</summary>
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(3);

    private Dictionary<int, Look> _looks = [];
    private DateTimeOffset? _asksUntil;

    public string Name => "change scan";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        _asksUntil = null;
        var held = owner.Held;
        _looks = _looks.Where(look => held.Contains(look.Key)).ToDictionary();
        var due = new Dictionary<int, DateTimeOffset>();
        foreach (var partition in held.Where(partition => backlog.Of(partition) is not { IsWhole: false }))
        {
            if (!_looks.TryGetValue(partition, out var look))
                due[partition] = await FirstAsync(partition, cancellation);
            else if (look.Next <= now)
                due[partition] = look.Armed;
        }

        Exception? failure = null;
        foreach (var together in due.GroupBy(one => one.Value, one => one.Key).OrderByDescending(together => together.Key))
            failure = await CompareAsync([.. together], together.Key, now, cancellation) ?? failure;
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return Interval;
    }

    /// <summary>From where on a partition is looked at that this node has only now: its owner before may have died with what it had not armed, and all others with it, for however long. Its checkpoint waits.</summary>
    private async Task<DateTimeOffset> FirstAsync(int partition, CancellationToken cancellation) =>
        Checkpoint.InQueue(await store.ReadAsync(partition, cancellation)) ?? DateTimeOffset.UnixEpoch;

    /// <summary>
    /// Looks at what was written to the partitions from the instant on. A partition that fails keeps no other, nor is it looked at, nor one whose index is not built: answers the first failure. What
    /// was looked at stays so when there is more than a run has time for.
    /// </summary>
    private async Task<Exception?> CompareAsync(HashSet<int> partitions, DateTimeOffset from, DateTimeOffset now, CancellationToken cancellation)
    {
        var until = now - Settling;
        Exception? failure = null;
        string? cursor = null;
        do
        {
            var page = await jobs.ReadChangedAsync(partitions, from, cursor, PageSize, cancellation);
            foreach (var changed in page.Items.Where(job => job.UpdatedAt <= until && partitions.Contains(job.Key.Partition)).GroupBy(job => job.Key.Partition).ToList())
            {
                try
                {
                    if (!await ArmMissingAsync(changed.Key, [.. changed], cancellation))
                        partitions.Remove(changed.Key);
                }
                catch (Exception failed) when (!cancellation.IsCancellationRequested)
                {
                    failure ??= failed;
                    partitions.Remove(changed.Key);
                }
            }

            cursor = page.NextCursor;
            Looked(partitions, cursor is null ? null : page.Items[^1], from, until - Overlap, now);
        }
        while (cursor is not null && partitions.Count > 0);
        return failure;
    }

    /// <summary>Of those that were read to their end there is nothing more to read until the next round; of the one of the last row that was read there may be.</summary>
    private void Looked(HashSet<int> partitions, ChangedJob? last, DateTimeOffset from, DateTimeOffset settled, DateTimeOffset now)
    {
        foreach (var partition in partitions.Where(partition => last is null || partition <= last.Key.Partition).ToList())
        {
            var isRead = partition != last?.Key.Partition;
            var armed = isRead || last!.UpdatedAt > settled ? settled : last.UpdatedAt;
            if (armed >= from)
                _looks[partition] = new Look(armed, isRead ? now + Round : now);
            if (isRead)
                partitions.Remove(partition);
        }

        checkpoints.Armed(_looks.ToDictionary(look => look.Key, look => look.Value.Armed));
    }

    /// <summary>False when something is missing because the index is not built: the build looks at all that was written, and what it finds to be over is not to be armed beside it. What the index has nothing of, and the record notes as never due again, is over.</summary>
    private async Task<bool> ArmMissingAsync(int partition, List<ChangedJob> changed, CancellationToken cancellation)
    {
        var stamps = await index.StampAsync(partition, changed.ConvertAll(job => job.Key.ToString()), cancellation);
        var missing = changed.FindAll(job => stamps.TryGetValue(job.Key.ToString(), out var stamp) ? stamp.Version < job.Version : !job.IsOver);
        if (missing.Count == 0)
            return true;
        var now = time.GetUtcNow();
        if (!await index.IsBuiltAsync(partition, cancellation))
            return false;
        var waiting = (await pending.ReadAsync(partition, cancellation)).Select(row => row.Execution.EntryKey).ToHashSet();
        foreach (var some in missing.Chunk(ArmedAtOnce))
        {
            var found = Read(partition, await jobs.FindAsync(Array.ConvertAll(some, job => job.Key), cancellation));
            var known = await KnownAsync(found.FindAll(job => job.State == JobState.Active && !stamps.ContainsKey(job.Key.ToString())), now, waiting, cancellation);
            var entries = found.ConvertAll(job => DueItem.EntryOf(job, known.GetValueOrDefault(job.Key, job.UpdatedAt), now) with { Since = job.UpdatedAt });
            await index.ArmAsync(partition, entries, cancellation);
            foreach (var (job, entry) in found.Zip(entries).Where(one => !one.Second.IsTombstone || !known.ContainsKey(one.First.Key)))
                findings.Report(partition, "unarmed", entry.Key, isMended: true);
        }

        return true;
    }

    /// <summary>
    /// Of jobs that the index has nothing of: the instant up to which their occurrences need no start, where there is one. Others may only be late for it, so what does not answer soon is not waited for: to start
    /// an execution twice is allowed after a loss, to miss one is not.
    /// </summary>
    private async Task<IReadOnlyDictionary<JobKey, DateTimeOffset>> KnownAsync(List<Job> unknown, DateTimeOffset now, IReadOnlySet<string> waiting, CancellationToken cancellation)
    {
        var patience = (_asksUntil ??= time.GetUtcNow() + AskLimit) - time.GetUtcNow();
        if (unknown.Count == 0 || patience <= TimeSpan.Zero)
            return new Dictionary<JobKey, DateTimeOffset>();
        try
        {
            var known = await starts.AdvanceAsync(unknown.ConvertAll(job => (job, job.UpdatedAt)), now, waiting, cancellation).WaitAsync(patience, time, cancellation);
            return unknown.Zip(known).Where(one => one.Second > one.First.UpdatedAt).ToDictionary(one => one.First.Key, one => one.Second);
        }
        catch (TimeoutException)
        {
            return new Dictionary<JobKey, DateTimeOffset>();
        }
    }

    /// <summary>One row that cannot be read must not keep the others; another version of this program may read it.</summary>
    private List<Job> Read(int partition, IReadOnlyDictionary<JobKey, Func<Job>> stored)
    {
        var found = new List<Job>(stored.Count);
        foreach (var (key, read) in stored)
        {
            try
            {
                var job = read();
                if (job.State == JobState.Active)
                    _ = job.Schedule();
                found.Add(job);
            }
            catch (Exception unreadable) when (unreadable is JsonException or FormatException or InvalidOperationException)
            {
                findings.Report(partition, "unreadable", key.ToString(), isMended: false);
            }
        }

        return found;
    }

    /// <param name="Armed">Whatever was written before is armed, and nothing of before can still appear: the next look begins here.</param>
    /// <param name="Next">When to look again.</param>
    private sealed record Look(DateTimeOffset Armed, DateTimeOffset Next);
}
