using CronCloud.Core.Jobs;

namespace CronCloud.Core.Due;

/// <summary>What a checkpoint says: everything that was armed by then and due by then is in the queue, and whatever was written <see cref="ArmingMargin"/> before was armed.</summary>
public static class Checkpoint
{
    /// <summary>A job is armed this long after its row was written, or the checkpoint waits; its first occurrences may lie in between.</summary>
    public static readonly TimeSpan ArmingMargin = TimeSpan.FromSeconds(60);

    /// <summary>The instant after which a job's occurrences may not be in the queue yet. A version counts from when it was written.</summary>
    public static DateTimeOffset UnplannedAfter(Job job, DateTimeOffset? checkpoint) =>
        checkpoint is { } reached && reached - ArmingMargin > job.UpdatedAt ? reached : job.UpdatedAt;

    /// <summary>What was due by then is in the queue, whoever armed it when.</summary>
    public static DateTimeOffset? InQueue(DateTimeOffset? checkpoint) => checkpoint - ArmingMargin;
}
