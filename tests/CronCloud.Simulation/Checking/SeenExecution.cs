using CronCloud.Core.Executions;

namespace CronCloud.Simulation.Checking;

/// <summary>All calls of one execution, in their order.</summary>
internal sealed record SeenExecution(IReadOnlyList<TargetCall> Calls)
{
    public Execution First => Calls[0].Execution;

    public string Key => Calls[0].Key;

    /// <summary>An occurrence at an edit may be started by either version, and then by both: its target is not one.</summary>
    public bool IsOfOneVersion => Calls.All(c => c.Execution.JobVersion == First.JobVersion);

    /// <summary>A redriven execution keeps its id, and does not tell how it came to be: the id does.</summary>
    public bool IsManual => First.Trigger == Trigger.Manual || (First.Trigger == Trigger.Redrive && First.ExecutionId.Contains("Z-m", StringComparison.Ordinal));
}
