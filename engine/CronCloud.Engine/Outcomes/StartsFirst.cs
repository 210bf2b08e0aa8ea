using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;

namespace CronCloud.Engine.Outcomes;

/// <summary>
/// Whoever reads outcomes stands back while starts are late: what an outcome is read for can wait for a moment, and a start cannot. What comes meanwhile is read together, at less cost for each.
/// </summary>
internal static class StartsFirst
{
    /// <summary>So late are starts at the mission's peak, and on time all the same.</summary>
    private static readonly TimeSpan OnTime = TimeSpan.FromMilliseconds(250);

    /// <summary>Fewer than so many outcomes at once take no start's turn.</summary>
    private const int Many = 100;

    /// <summary>Whether most of the executions that schedules named, and that were just read of, started late.</summary>
    public static bool AreLate(IReadOnlyCollection<Outcome> read)
    {
        if (read.Count < Many)
            return false;
        var (late, starts) = (0, 0);
        foreach (var outcome in read)
        {
            if (outcome.IsDropped || outcome.Execution is not { Trigger: Trigger.Schedule, Attempt: 1 })
                continue;
            starts++;
            if (outcome.StartedAt - outcome.Execution.ScheduledAt > OnTime)
                late++;
        }

        return late > starts / 2;
    }
}
