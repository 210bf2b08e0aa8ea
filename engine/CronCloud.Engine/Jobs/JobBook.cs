using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Jobs;

/// <summary>
/// Carries out messages for jobs: the record first, conditionally on its version, then the due index, then the answer. What an actor
/// drives, one message of a job at a time.
/// </summary>
public sealed class JobBook(IJobStore jobs, IPendingStore pending, IDueIndex index, Func<string> newNonce, TimeProvider time)
{
    /// <summary>Two nodes may believe for a moment that they both have the job: the version decides, the other reads again.</summary>
    private const int Tries = 5;

    public async Task<JobReply> ChangeAsync(ChangeJob change, CancellationToken cancellation)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            var now = Now();
            var stored = await jobs.FindAsync(change.Key, cancellation);
            var (next, created, refused) = JobChange.Of(stored, change, now);
            if (refused is not null)
                return new JobReply { Refused = refused };
            if (next!.Version == stored?.Version)
            {
                // What is there already may not be armed: whoever wrote it could have died before.
                await ArmAsync(next, cancellation);
                return new JobReply { Job = JobView.Of(next, created: false) };
            }

            if (!await jobs.WriteAsync(next, new Revision(next.Version, now, change.By, NameOf(change.Action, created), next.Definition), cancellation))
                continue;
            await ArmAsync(next, cancellation);
            return new JobReply { Job = JobView.Of(next, created) };
        }

        return JobReply.Refuse(RefusalCode.VersionConflict, $"Job '{change.Id}' is being changed by others; try again.");
    }

    /// <summary>The execution is in the record and in the due index before it is promised.</summary>
    public async Task<JobReply> TriggerAsync(TriggerJob trigger, CancellationToken cancellation)
    {
        if (await jobs.FindAsync(trigger.Key, cancellation) is not { State: not JobState.Deleted } job)
            return JobReply.Refuse(RefusalCode.NotFound, $"There is no job '{trigger.Id}'.");

        var now = Now();
        var execution = new Execution
        {
            Tenant = job.Key.Tenant,
            JobId = job.Key.Id,
            JobVersion = job.Version,
            ExecutionId = ExecutionId.Manual(job.Key.Id, now, newNonce()),
            ScheduledAt = now,
            Trigger = Trigger.Manual,
            Attempt = 1,
            Target = trigger.Payload is { } payload ? job.Definition.Target.WithPayload(payload) : job.Definition.Target,
            Retry = job.Definition.Retry,
            Overlap = job.Definition.Overlap,
            TraceParent = TraceParent.New(),
        };
        await pending.KeepAsync([new PendingExecution(execution, now)], cancellation);
        await index.ArmAsync(job.Key.Partition, [DueItem.EntryOf(execution, now)], cancellation);
        return new JobReply { ExecutionId = execution.ExecutionId };
    }

    /// <summary>Arms what the record says now: after a change whose arming failed.</summary>
    public async Task RearmAsync(JobKey key, CancellationToken cancellation)
    {
        if (await jobs.FindAsync(key, cancellation) is { } job)
            await ArmAsync(job, cancellation);
    }

    /// <summary>What the job was due before the change and is not started yet is left over; of a deleted job it ends as skipped.</summary>
    private Task ArmAsync(Job job, CancellationToken cancellation) =>
        index.ArmAsync(job.Key.Partition, [DueItem.EntryOf(job, job.UpdatedAt, Now()) with { Since = job.UpdatedAt }], cancellation);

    /// <summary>To the millisecond, as everything that is stored.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    private static string NameOf(JobAction action, bool created) => action switch
    {
        JobAction.Create or JobAction.Put => created ? "created" : "updated",
        JobAction.Pause => "paused",
        JobAction.Resume => "resumed",
        JobAction.Delete => "deleted",
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, "No such action."),
    };
}
