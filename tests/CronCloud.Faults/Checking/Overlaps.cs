using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I6: no two executions of a job that forbids it run at once.</summary>
internal static class Overlaps
{
    public static IEnumerable<Violation> Of(Case run) =>
        from life in run.Lives
        where life.Value.Shapes.Any(s => s.Overlap != OverlapRule.Allow)
        let deliveries = run.InRange.Where(d => d.Job == life.Key).ToList()
        from one in deliveries
        from other in deliveries
        where one.Number < other.Number && one.Execution != other.Execution && other.At < (one.EndedAt ?? run.Observed.ReadAt)
        select new Violation("I6", life.Key, other.ScheduledAt, $"started while {one.Execution} ran");
}
