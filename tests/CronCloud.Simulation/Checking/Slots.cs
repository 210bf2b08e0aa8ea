using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Checking;

/// <summary>Which executions had their job's slot, and for how long, as far as the world outside can tell.</summary>
internal sealed class Slots(Evidence evidence)
{
    /// <summary>From claiming a slot to the call of the target, and from the last answer to freeing the slot.</summary>
    private static readonly TimeSpan Handing = TimeSpan.FromSeconds(2);

    private readonly ILookup<JobKey, SeenExecution> _byJob = evidence.Executions.Where(e => e.First.Overlap != Overlap.Allow).ToLookup(e => e.First.Job);

    public IEnumerable<IGrouping<JobKey, SeenExecution>> ByJob => _byJob;

    /// <summary>Whether another execution may have had the slot. What faults have done to slots may last until all is settled.</summary>
    public bool IsBusy(JobKey job, string but, DateTimeOffset at)
    {
        if (!evidence.IsFaultless && at <= evidence.Freed)
            return _byJob[job].Any(e => e.Key != but) || evidence.Ledger.Operations.Any(o => o.Key == job);
        return _byJob[job].Any(e => e.Key != but && e.Calls[0].At - Handing <= at && at <= EndOf(e) + Handing);
    }

    /// <summary>By when all that is ahead of an execution that waits for its slot must have ended.</summary>
    public DateTimeOffset FreeBy(JobKey job, string but, DateTimeOffset before) =>
        _byJob[job].Where(e => e.Key != but && e.Calls[0].At <= before).Select(EndOf).Append(DateTimeOffset.MinValue).Max() + Handing;

    private DateTimeOffset EndOf(SeenExecution execution)
    {
        var chain = evidence.ChainOf(execution);
        var planned = execution.Calls[0].At + chain.Length(execution.First.Retry) + (Handing * chain.Attempts.Count);
        return planned > execution.Calls[^1].EndsAt ? planned : execution.Calls[^1].EndsAt;
    }
}
