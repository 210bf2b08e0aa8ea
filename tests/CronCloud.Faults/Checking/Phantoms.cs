using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I4: what arrives was due by a version that may have been in force, and a deleted job's waiting retries do not come. I5: what was acknowledged is there.</summary>
internal static class Phantoms
{
    /// <summary>What was on its way when its job was deleted arrives within this time.</summary>
    private static readonly TimeSpan Underway = TimeSpan.FromSeconds(2);

    public static IEnumerable<Violation> Of(Case run) =>
        from delivery in run.InRange
        where !run.Lives.TryGetValue(delivery.Job, out var life) || !life.MayBeDue(delivery.ScheduledAt, delivery.Path)
        select new Violation("I4", delivery.Job, delivery.ScheduledAt, $"no version in force then is due, with target {delivery.Path}");

    public static IEnumerable<Violation> RetriesOfDeleted(Case run) =>
        from deletion in run.Observed.Operations
        where deletion is { Kind: OperationKind.Delete, Result: OperationResult.Ok }
        from delivery in run.InRange
        where delivery.Job == deletion.Job && delivery.Attempt > 1 && delivery.ScheduledAt < deletion.InvokedAt
            && delivery.At > deletion.EndedAt + Underway + (run.Allowed(delivery.At) - Case.Limit)
            && run.ByExecution[delivery.Execution].Any(d => d.Attempt == delivery.Attempt - 1 && d.EndedAt < deletion.InvokedAt)
        select new Violation("I4", delivery.Job, delivery.ScheduledAt, $"attempt {delivery.Attempt} arrived {(delivery.At - deletion.EndedAt!.Value).TotalSeconds:0.0} s after the job was deleted");

    public static IEnumerable<Violation> Lost(Case run) =>
        from reading in run.Observed.Readings
        where run.Lives.TryGetValue(reading.Job, out var life) && !life.MayBe(reading)
        select new Violation("I5", reading.Job, null, $"is {(reading.Path is null ? "not there" : reading.Paused ? "paused" : $"active with target {reading.Path}")}, against what was acknowledged");
}
