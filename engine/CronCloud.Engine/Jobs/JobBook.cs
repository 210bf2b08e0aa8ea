using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Jobs;

/// <summary>
/// Carries out messages for jobs: the record first, conditionally on its version, then the due index, then the answer. What an actor
/// drives, one message of a job at a time.
/// </summary>
public sealed class JobBook(IJobStore jobs, IPendingStore pending, ICheckpointStore checkpoints, IDueIndex index, Func<string> newNonce, TimeProvider time)
{
    /// <summary>Revisions: a change is sent again after seconds, as a rule.</summary>
    private const int LookedBack = 50;

    /// <summary>Where another process changes the job at the same time the record's version decides, and the one that was late reads again.</summary>
    public async Task<JobReply> ChangeAsync(ChangeJob change, CancellationToken cancellation)
    {
        while (true)
        {
            var now = Now();
            var stored = await jobs.FindAsync(change.Key, cancellation);
            if (stored is not null && await MadeBeforeAsync(change, cancellation) is { } made)
            {
                await RearmAsync(stored, cancellation);
                return new JobReply { Job = stored, Created = made.Action == JobChange.NameOf(JobAction.Create, created: true) };
            }

            var (next, created, refused) = JobChange.Of(stored, change, now);
            if (refused is not null)
                return new JobReply { Refused = refused };
            if (next!.Version == stored?.Version)
            {
                await RearmAsync(next, cancellation);
                return new JobReply { Job = next, IsUnchanged = true };
            }

            if (!await jobs.WriteAsync(next, new Revision(next.Version, now, change.By, JobChange.NameOf(change.Action, created), next.State, next.Definition), cancellation))
                continue;
            await ArmAsync(next, next.UpdatedAt, stored is { State: not JobState.Active } ? stored.UpdatedAt : next.UpdatedAt, cancellation);
            return new JobReply { Job = next, Created = created };
        }
    }

    /// <summary>The execution is in the record and in the due index before it is promised.</summary>
    public async Task<JobReply> TriggerAsync(TriggerJob trigger, CancellationToken cancellation)
    {
        if (await jobs.FindAsync(trigger.Key, cancellation) is not { State: not JobState.Deleted } job)
            return JobReply.Refuse(RefusalCode.NotFound, $"There is no job '{trigger.Id}'.");

        var (at, nonce) = trigger.Asked ?? (Now(), newNonce());
        var execution = new Execution
        {
            Tenant = job.Key.Tenant,
            JobId = job.Key.Id,
            JobVersion = job.Version,
            ExecutionId = ExecutionId.Manual(job.Key.Id, at, nonce),
            ScheduledAt = at,
            Trigger = Trigger.Manual,
            Attempt = 1,
            Target = trigger.Payload is { } payload ? job.Definition.Target.WithPayload(payload) : job.Definition.Target,
            Retry = job.Definition.Retry,
            Overlap = job.Definition.Overlap,
            Alerts = job.Definition.Alerts.Thresholds(),
            TraceParent = trigger.TraceParent ?? TraceParent.New(),
        };
        // Asked for before: it waits, is in flight, or ended a moment ago. A row written now would outlive its outcome.
        if (trigger.Asked is not null && await index.FindAsync(job.Key.Partition, execution.EntryKey, cancellation) is not null)
            return new JobReply { ExecutionId = execution.ExecutionId };
        await pending.KeepAsync([new PendingExecution(execution, at)], cancellation);
        await index.ArmAsync(job.Key.Partition, [DueItem.EntryOf(execution, at)], cancellation);
        return new JobReply { ExecutionId = execution.ExecutionId };
    }

    /// <summary>Arms what the record says now: after a change whose arming failed.</summary>
    public async Task RearmAsync(JobKey key, CancellationToken cancellation)
    {
        if (await jobs.FindAsync(key, cancellation) is { } job)
            await RearmAsync(job, cancellation);
    }

    /// <summary>What is in the record may not be armed: whoever wrote it could have died before. Or it is, and was dispatched to its end since: what the checkpoint says is in the queue is not due again.</summary>
    private async Task RearmAsync(Job job, CancellationToken cancellation)
    {
        var before = job.Version <= 2 ? null : (await jobs.ListRevisionsAsync(job.Key, 2, null, cancellation)).Items.FirstOrDefault(revision => revision.Version == job.Version - 1);
        var since = before is { State: not JobState.Active } ? before.At : job.UpdatedAt;
        await ArmAsync(job, Checkpoint.UnplannedAfter(job, await checkpoints.ReadAsync(job.Key.Partition, cancellation)), since, cancellation);
    }

    /// <summary>What a change that is sent again made the first time, so that it does not undo what came after it; null when it made nothing.</summary>
    private async Task<Revision?> MadeBeforeAsync(ChangeJob change, CancellationToken cancellation) => change.SentBefore is { } sent
        ? (await jobs.ListRevisionsAsync(change.Key, LookedBack, null, cancellation)).Items.TakeWhile(r => r.At >= sent).FirstOrDefault(r => JobChange.Made(change, r))
        : null;

    /// <summary>What the job was due before the change and is not started yet is left over; of a deleted job it ends as skipped. Where the version before did not run either, it had ended what an index that does not know of it may still have.</summary>
    private Task ArmAsync(Job job, DateTimeOffset after, DateTimeOffset since, CancellationToken cancellation) =>
        index.ArmAsync(job.Key.Partition, [DueItem.EntryOf(job, after, Now()) with { Since = since }], cancellation);

    /// <summary>To the millisecond, as everything that is stored.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
}
