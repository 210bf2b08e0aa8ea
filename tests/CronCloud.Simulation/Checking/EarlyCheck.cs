namespace CronCloud.Simulation.Checking;

/// <summary>I3: never early, by the true time; where a clock is off by no more than its guard believes, by no more than that.</summary>
internal static class EarlyCheck
{
    public static IEnumerable<Finding> Check(Evidence evidence) => evidence.Ledger.Calls
        .Where(c => c.At + evidence.Skew < c.Execution.ScheduledAt)
        .Select(c => Finding.Now("I3", $"{c.Key} came {(c.Execution.ScheduledAt - c.At).TotalMilliseconds:0.0} ms early", c.Key));
}
