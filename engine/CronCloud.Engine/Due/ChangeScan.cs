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

    private Dictionary<int, DateTimeOffset> _seen = [];

    public string Name => "change scan";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var until = time.GetUtcNow() - Settling;
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
            var known = await starts.AdvanceAsync(found.ConvertAll(job => (job, job.UpdatedAt)), now, waiting, cancellation);
            await index.ArmAsync(partition, [.. found.Zip(known, (job, from) => DueItem.EntryOf(job, from, now) with { Since = job.UpdatedAt })], cancellation);
            foreach (var (job, _) in found.Zip(known).Where(one => one.Second == one.First.UpdatedAt))
                findings.Report(partition, "unarmed", job.Key.ToString(), isMended: true);
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
