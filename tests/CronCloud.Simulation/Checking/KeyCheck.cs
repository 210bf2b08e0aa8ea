using CronCloud.Core.Executions;

namespace CronCloud.Simulation.Checking;

/// <summary>I2: one key per occurrence and one occurrence per key; without a fault a target gets each attempt once.</summary>
internal static class KeyCheck
{
    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        foreach (var occurrence in evidence.ByOccurrence.Where(o => o.Select(e => e.Key).Distinct().Skip(1).Any()))
            yield return Finding.Now("I2", $"{occurrence.Key.Job} at {occurrence.Key.ScheduledAt:HH:mm:ss.fff} has keys {string.Join(", ", occurrence.Select(e => e.Key))}", occurrence.Key.Job.ToString());
        foreach (var key in evidence.ByKey.Where(k => k.Skip(1).Any()))
            yield return Finding.Now("I2", $"{key.Key} is the key of {string.Join(", ", key.Select(e => $"{e.First.Job} at {e.First.ScheduledAt:HH:mm:ss.fff} by {e.First.Trigger}"))}", key.Key);
        foreach (var execution in evidence.IsFaultless ? evidence.Executions : [])
        {
            foreach (var attempt in execution.Calls.GroupBy(c => c.Execution.Attempt).Where(a => a.Skip(1).Any()))
                yield return Finding.Now("I2", $"{execution.Key} was tried {attempt.Count()} times as attempt {attempt.Key} without any fault", execution.Key);
        }
    }
}
