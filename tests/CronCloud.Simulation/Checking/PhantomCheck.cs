using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Checking;

/// <summary>I4: whatever is started was asked for: an occurrence of the version in force, or one by hand. Executions that had begun may go on.</summary>
internal static class PhantomCheck
{
    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        var versions = evidence.Versions.ToDictionary(v => (v.Job.Key, v.Job.Version));
        foreach (var execution in evidence.Executions)
        {
            foreach (var call in execution.Calls.DistinctBy(c => c.Execution.JobVersion))
            {
                if (Fault(evidence, versions.GetValueOrDefault((call.Execution.Job, call.Execution.JobVersion)), call.Execution, execution.IsManual) is { } fault)
                    yield return Finding.Now("I4", $"{execution.Key} of version {call.Execution.JobVersion} {fault}", execution.Key, call.Execution.Job.ToString());
            }
        }
    }

    private static string? Fault(Evidence evidence, JobVersion? version, Execution execution, bool isManual)
    {
        if (version is null)
            return "belongs to a version that never was";
        if (isManual)
            return evidence.Ledger.Operations.Any(o => IsAskedFor(o, execution)) ? null : "was asked for by nobody";
        if (version.Job.State != JobState.Active)
            return $"was started though the version is {version.Job.State}";
        if (!Occurrences.Has(version.Job.Definition.Schedule, execution.ScheduledAt))
            return "is no occurrence of that version";
        if (execution.ScheduledAt <= version.Job.UpdatedAt)
            return $"was due before that version, of {version.Job.UpdatedAt:HH:mm:ss.fff}";
        return execution.ScheduledAt > version.MayUntil + evidence.Skew ? $"was due after that version was known to be replaced, at {version.MayUntil:HH:mm:ss.fff}" : null;
    }

    /// <summary>Without an answer it may be any.</summary>
    private static bool IsAskedFor(Operation operation, Execution execution) =>
        operation.Action is null && operation.Key == execution.Job && (operation.Reply?.ExecutionId is { } id ? id == execution.ExecutionId : operation.Reply?.Refused is null);
}
