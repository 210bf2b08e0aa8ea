using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>
/// Arms what was written and not armed: whoever wrote it died in between, or lost the due index. It looks at the latest changes only, and so keeps the
/// promise that a checkpoint rests on (<see cref="Checkpoint.ArmingMargin"/>): a job is in the index a minute after its row was written. An index that was emptied has lost
/// the jobs that came to their end, too: what ran is not started again.
/// </summary>
public sealed class ChangeScan(PartitionOwner owner, IDueIndex index, IJobStore jobs, IPendingStore pending, KnownStarts starts, Findings findings, TimeProvider time) : ILoop
{
    /// <summary>Large, since each page reads all rows behind it, of all partitions: an import changes hundreds of thousands between two looks.</summary>
    private const int PageSize = 20_000;

    /// <summary>What is armed in one step: nobody else is served meanwhile.</summary>
    private const int ArmedAtOnce = 250;

    /// <summary>How far back a partition is looked at that this node has only now: its owner before may have died at the same moment.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>A row may be seen so long after the instant that it bears: longer than a statement may take.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(15);

    /// <summary>What is younger is just being armed.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    /// <summary>In one run nobody is waited for any longer: what was written may be due.</summary>
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(3);

    private Dictionary<int, DateTimeOffset> _seen = [];
    private DateTimeOffset _asksUntil;

    public string Name => "change scan";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var until = time.GetUtcNow() - Settling;
        _asksUntil = time.GetUtcNow() + AskLimit;
        var held = owner.Held.ToList();
        foreach (var group in held.GroupBy(partition => _seen.TryGetValue(partition, out var seen) ? seen - Overlap : until - FirstLook))
            await CompareAsync([.. group], group.Key, until, cancellation);
        _seen = held.ToDictionary(partition => partition, _ => until);
        return Interval;
    }

    private async Task CompareAsync(IReadOnlyCollection<int> partitions, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation)
    {
        string? cursor = null;
        do
        {
            var page = await jobs.ReadChangedAsync(partitions, from, cursor, PageSize, cancellation);
            foreach (var changed in page.Items.Where(job => job.UpdatedAt <= until).GroupBy(job => job.Key.Partition))
                await ArmMissingAsync(changed.Key, [.. changed], cancellation);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    private async Task ArmMissingAsync(int partition, List<ChangedJob> changed, CancellationToken cancellation)
    {
        var stamps = await index.StampAsync(partition, changed.ConvertAll(job => job.Key.ToString()), cancellation);
        var missing = changed.FindAll(job => !stamps.TryGetValue(job.Key.ToString(), out var stamp) || stamp.Version < job.Version);
        if (missing.Count == 0)
            return;
        var now = time.GetUtcNow();
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
    }

    /// <summary>
    /// Of jobs that the index has nothing of: the instant up to which their occurrences need no start, where there is one. Others may only be late for it, so what does not answer soon is not waited for: to start
    /// an execution twice is allowed after a loss, to miss one is not.
    /// </summary>
    private async Task<IReadOnlyDictionary<JobKey, DateTimeOffset>> KnownAsync(List<Job> unknown, DateTimeOffset now, IReadOnlySet<string> waiting, CancellationToken cancellation)
    {
        var patience = _asksUntil - time.GetUtcNow();
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
}
