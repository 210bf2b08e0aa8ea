using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Timelines;

namespace CronCloud.Gateway.Api;

/// <summary>Gathers what is recorded of an execution, and tells its timeline.</summary>
internal sealed class ExecutionTimelines(RunningExecutions running, IDeadLetterStore deadLetters, IJobStore jobs, TimeProvider time)
{
    private const int RevisionsPerPage = 50;

    public async Task<TimelineAnswer> TellAsync(JobKey job, KnownExecution known, CancellationToken cancellation)
    {
        var answer = known.Answer;
        var letter = await deadLetters.FindAsync(job.Tenant, answer.ExecutionId, cancellation);
        var holder = known.Current is { Waits: true, Execution.Overlap: Overlap.Queue } ? await running.FindSlotHolderAsync(job, cancellation) : null;
        var events = Timeline.Of(new TimelineSource
        {
            Recorded = known.Recorded,
            Current = known.Current?.Execution,
            WaitsUntil = known.Current?.Due,
            SlotHolder = holder == answer.ExecutionId ? null : holder,
            IsDeadLetter = letter is not null,
            Retry = known.Current?.Execution?.Retry ?? letter?.Execution.Retry ?? await RetryOfAsync(job, answer.ScheduledAt, cancellation),
            Now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()),
        });
        return new TimelineAnswer(answer.ExecutionId, answer.JobId, answer.ScheduledAt, answer.Status, events);
    }

    /// <summary>Of an execution that has ended well nobody keeps the policy: it is that of the job's revision of then.</summary>
    private async Task<RetryPolicy?> RetryOfAsync(JobKey job, DateTimeOffset scheduledAt, CancellationToken cancellation)
    {
        for (string? cursor = null; ;)
        {
            var page = await jobs.ListRevisionsAsync(job, RevisionsPerPage, cursor, cancellation);
            if (page.Items.FirstOrDefault(revision => revision.At < scheduledAt) is { } then)
                return then.Definition.Retry;
            if (page.NextCursor is null)
                return null;
            cursor = page.NextCursor;
        }
    }
}

internal sealed record TimelineAnswer(string ExecutionId, string JobId, DateTimeOffset ScheduledAt, ExecutionStatus Status, IReadOnlyList<TimelineEvent> Events);
