using System.Text.Json;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Due;

/// <summary>An entry's payload: a job, or one execution that waits. Exactly one is set.</summary>
public sealed record DueItem
{
    public DueJob? Job { get; init; }

    public Execution? Execution { get; init; }

    public static DueItem FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<DueItem>(json, CoreJson.Options) ?? throw new JsonException("A due item must not be null.");

    private byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CoreJson.Lean);

    /// <summary>The entry of a job: its next due time after the instant, or a tombstone when it has none.</summary>
    public static DueEntry EntryOf(Job job, DateTimeOffset after, DateTimeOffset now) =>
        job.NextDue(after) is { } due
            ? new DueEntry(job.Key.ToString(), job.Version, due, new DueItem { Job = DueJob.Of(job) }.ToJson())
            : DueEntry.Tombstone(job.Key.ToString(), job.Version, now);

    /// <summary>The entry of an execution that waits: its version is the attempt, so that each attempt is armed once.</summary>
    public static DueEntry EntryOf(Execution execution, DateTimeOffset due) =>
        new(execution.EntryKey, execution.Attempt, due, new DueItem { Execution = execution }.ToJson());
}

/// <summary>As much of a job as its executions need; what is at its default is left out, to keep the index small.</summary>
public sealed record DueJob
{
    public required string Tenant { get; init; }

    public required string Id { get; init; }

    public required ScheduleSpec Schedule { get; init; }

    public required Target Target { get; init; }

    public RetryPolicy? Retry { get; init; }

    public CatchUp? CatchUp { get; init; }

    public Overlap? Overlap { get; init; }

    public AlertPolicy? Alerts { get; init; }

    public static DueJob Of(Job job) => new()
    {
        Tenant = job.Key.Tenant,
        Id = job.Key.Id,
        Schedule = job.Definition.Schedule,
        Target = job.Definition.Target,
        Retry = job.Definition.Retry == RetryPolicy.Default ? null : job.Definition.Retry,
        CatchUp = job.Definition.CatchUp == CatchUp.Default ? null : job.Definition.CatchUp,
        Overlap = job.Definition.Overlap == Jobs.Overlap.Allow ? null : job.Definition.Overlap,
        Alerts = job.Definition.Alerts.Thresholds(),
    };
}
