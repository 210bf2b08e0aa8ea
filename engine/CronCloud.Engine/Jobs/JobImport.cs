using System.Runtime.ExceptionServices;
using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Jobs;

/// <summary>
/// Carries out puts of many jobs together, as <see cref="JobBook"/> does those of one: the record first, conditionally on the versions, then the due
/// index, then the answer. In two steps, so that some can be recorded while those before them are armed.
/// </summary>
public sealed class JobImport(IJobStore jobs, IDueIndex index, TimeProvider time) : IDisposable
{
    /// <summary>Entries of one partition that are armed in one step: nobody else is served meanwhile.</summary>
    private const int ArmedAtOnce = 250;

    private static readonly TimeSpan ArmPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Steps under way at once, of all imports: what waits in line at Redis is late for everybody, and for too long a timeout.</summary>
    private readonly SemaphoreSlim _arming = new(16);

    /// <summary>What each change made of the record. Changes of one job are made in their order. It does not throw: what met a server that is away is told by the replies.</summary>
    public async Task<RecordedChanges> RecordAsync(IReadOnlyList<ChangeJob> changes, CancellationToken cancellation)
    {
        var recorded = new RecordedChanges(changes);
        try
        {
            while (recorded.NextOfEachJob() is { Count: > 0 } next)
                await RecordAsync(recorded, next, cancellation);
        }
        catch (Exception away)
        {
            recorded.Fail(away);
        }

        return recorded;
    }

    /// <summary>Arms what was recorded, and tries again until it is cancelled. What could not be armed is unavailable then; the record has it, and whoever compares the index with it arms it.</summary>
    public async Task<IReadOnlyList<JobReply>> ArmAsync(RecordedChanges recorded, CancellationToken cancellation)
    {
        await Task.WhenAll(recorded.Armable.GroupBy(one => one.Job.Key.Partition).Select(partition => ArmAsync(partition.Key, recorded, [.. partition], cancellation)));
        return recorded.Replies;
    }

    public void Dispose() => _arming.Dispose();

    private async Task RecordAsync(RecordedChanges recorded, IReadOnlyList<int> next, CancellationToken cancellation)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var stored = await jobs.FindAsync([.. next.Select(i => recorded.Changes[i].Key)], cancellation);
        var (writes, places) = (new List<JobWrite>(next.Count), new List<int>(next.Count));
        foreach (var i in next)
        {
            var change = recorded.Changes[i];
            if (!TryRead(stored, change.Key, out var current, out var unreadable))
            {
                recorded.Reply(i, new JobReply { Unavailable = unreadable });
                continue;
            }

            var (job, created, refused) = JobChange.Of(current, change, now);
            if (refused is not null)
                recorded.Reply(i, new JobReply { Refused = refused });
            else if (job!.Version == current?.Version)
                Unchanged(recorded, i, job, now);
            else
            {
                writes.Add(new JobWrite(job, new Revision(job.Version, now, change.By, JobChange.NameOf(change.Action, created), job.State, job.Definition)));
                places.Add(i);
            }
        }

        var written = writes.Count == 0 ? [] : await jobs.WriteAsync(writes, cancellation);
        for (var w = 0; w < written.Count; w++)
        {
            // One that somebody else changed in between stays open, and is read again.
            if (written[w])
                recorded.Reply(places[w], new JobReply { Job = writes[w].Job, Created = writes[w].Revision.Action == JobChange.NameOf(JobAction.Put, created: true) }, arms: true);
        }
    }

    /// <summary>Whoever wrote it a moment ago may have died before it was armed. What is older is in the index, or was and came to its end.</summary>
    private static void Unchanged(RecordedChanges recorded, int place, Job job, DateTimeOffset now) =>
        recorded.Reply(place, new JobReply { Job = job, IsUnchanged = true }, arms: now - job.UpdatedAt <= Checkpoint.ArmingMargin);

    private static bool TryRead(IReadOnlyDictionary<JobKey, Func<Job>> stored, JobKey key, out Job? job, out string unreadable)
    {
        (job, unreadable) = (null, "");
        if (!stored.TryGetValue(key, out var read))
            return true;
        try
        {
            job = read();
            return true;
        }
        catch (JsonException broken)
        {
            unreadable = broken.Message;
            return false;
        }
    }

    private async Task ArmAsync(int partition, RecordedChanges recorded, (int Place, Job Job)[] armable, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        foreach (var part in armable.Chunk(ArmedAtOnce))
        {
            try
            {
                await ArmUntilAsync(partition, Array.ConvertAll(part, one => DueItem.EntryOf(one.Job, one.Job.UpdatedAt, now) with { Since = one.Job.UpdatedAt }), cancellation);
            }
            catch (Exception away)
            {
                recorded.Fail(away, part);
            }
        }
    }

    /// <summary>A Redis that starts anew costs an import time, and no lines. Whoever waits for it lets others have their turn: what they arm may be elsewhere.</summary>
    private async Task ArmUntilAsync(int partition, DueEntry[] entries, CancellationToken cancellation)
    {
        Exception? last = null;
        while (true)
        {
            try
            {
                await ArmInTurnAsync(partition, entries, cancellation);
                return;
            }
            catch (OperationCanceledException) when (last is not null && cancellation.IsCancellationRequested)
            {
                ExceptionDispatchInfo.Throw(last);
            }
            catch (Exception away) when (!cancellation.IsCancellationRequested)
            {
                last = away;
                await Task.Delay(ArmPause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ArmInTurnAsync(int partition, DueEntry[] entries, CancellationToken cancellation)
    {
        await _arming.WaitAsync(cancellation);
        try
        {
            await index.ArmAsync(partition, entries, cancellation);
        }
        finally
        {
            _arming.Release();
        }
    }
}
