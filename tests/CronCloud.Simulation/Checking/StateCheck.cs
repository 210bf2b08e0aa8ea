using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Checking;

/// <summary>I8: when all is well again, the due index is what the record implies, and nothing is stuck halfway.</summary>
internal static class StateCheck
{
    /// <summary>What is at work may be halfway for so long: the longest target and its handing on.</summary>
    private static readonly TimeSpan Halfway = TimeSpan.FromSeconds(9);

    /// <summary>How much of the future is compared.</summary>
    private static readonly TimeSpan Horizon = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Advancing = TimeSpan.FromSeconds(2);

    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        var servers = evidence.Servers;
        foreach (var job in servers.Jobs.Commits.GroupBy(c => c.Job.Key).Select(g => g.Last().Job))
        {
            if (Fault(evidence, job, Find(servers.Redis.Index, job.Key.Partition, job.Key.ToString())) is { } fault)
                yield return Of(evidence, $"{job.Key} version {job.Version} ({job.State}) {fault}", job.Key.ToString());
        }

        foreach (var flight in evidence.Scenario.Partitions.SelectMany(p => servers.Redis.Index.ReadFlightsAsync(p, DateTimeOffset.MaxValue, 10_000, CancellationToken.None).Result))
        {
            var timeout = Execution.FromJson(flight.Payload.Span).Target.Timeout;
            if (flight.Deadline - timeout - DuePlan.Grace + timeout + Halfway < evidence.Now)
                yield return Of(evidence, $"{flight.Id} is in flight since long, until {flight.Deadline:HH:mm:ss.fff}", flight.Id);
        }

        foreach (var stuck in evidence.Scenario.Partitions.SelectMany(p => StuckSlots(evidence, p)))
            yield return stuck;

        if (servers.Queue.Stream.Oldest + Halfway < evidence.Now)
            yield return Of(evidence, $"the execution queue holds a message since {servers.Queue.Stream.Oldest:HH:mm:ss.fff}");
        if (servers.Outcomes.Stream.Oldest + Halfway < evidence.Now)
            yield return Of(evidence, $"the outcome stream holds a message since {servers.Outcomes.Stream.Oldest:HH:mm:ss.fff}");

        foreach (var (execution, due) in servers.Pending.Rows)
        {
            var begins = execution.Overlap == Overlap.Queue && evidence.Slots.FreeBy(execution.Job, execution.EntryKey, evidence.Now) is var free && free > due ? free : due;
            if (begins + Halfway < evidence.Now && !evidence.IsOutcomeLost(execution.EntryKey, execution.Attempt))
                yield return new Finding("I8", $"the record still has {execution.AttemptId} pending, due {due:HH:mm:ss.fff}", [execution.EntryKey], evidence.Forgotten);
            else if (due - evidence.Now > Advancing && !(Find(servers.Redis.Index, execution.Job.Partition, execution.EntryKey)?.Version >= execution.Attempt))
                yield return Of(evidence, $"{execution.AttemptId} is pending in the record and not in the index", execution.EntryKey);
        }
    }

    /// <summary>A slot belongs to an execution that is in flight or waits for a retry; between its claim and its flight it is neither, and so is one that lands.</summary>
    private static IEnumerable<Finding> StuckSlots(Evidence evidence, int partition)
    {
        var index = evidence.Servers.Redis.Index;
        var flights = index.ReadFlightsAsync(partition, DateTimeOffset.MaxValue, 10_000, CancellationToken.None).Result.Select(f => f.Id[..f.Id.LastIndexOf('#')]).ToHashSet();
        foreach (var slot in index.ReadSlotsAsync(partition, CancellationToken.None).Result.Where(s => !flights.Contains(s.Execution)))
        {
            var isAtWork = evidence.ByKey[slot.Execution].Any(e => e.Calls[^1].EndsAt + Halfway > evidence.Now) || index.FindAsync(partition, slot.Execution, CancellationToken.None).Result is { IsTombstone: false };
            if (!isAtWork && evidence.ByKey[slot.Execution].Any())
                yield return new Finding("I8", $"{slot.Execution} has the slot of {slot.Job} and is not at work", [slot.Execution, slot.Job], evidence.Freed);
        }
    }

    private static string? Fault(Evidence evidence, Job job, DueEntry? entry)
    {
        var next = job.State == JobState.Active ? Occurrences.Of(job.Definition.Schedule, evidence.Now > job.UpdatedAt ? evidence.Now : job.UpdatedAt, evidence.Now + Horizon).Select(s => (DateTimeOffset?)s).FirstOrDefault() : null;
        if (next is null)
            return entry is null || entry.IsTombstone || entry.Due >= evidence.Now - Advancing ? null : $"is still in the index as version {entry.Version}, due {entry.Due:HH:mm:ss.fff}";
        if (entry is null || entry.IsTombstone)
            return $"is not in the index, though it is due next at {next:HH:mm:ss.fff}";
        if (entry.Version != job.Version)
            return $"is in the index as version {entry.Version}";
        if (entry.Due > next || (entry.Due < next && entry.Due < evidence.Now - Advancing))
            return $"is due in the index at {entry.Due:HH:mm:ss.fff}, by its schedule at {next:HH:mm:ss.fff}";
        return null;
    }

    private static DueEntry? Find(IDueIndex index, int partition, string key) => index.FindAsync(partition, key, CancellationToken.None).Result;

    private static Finding Of(Evidence evidence, string what, params string[] about) => new("I8", what, about, evidence.Settled);
}
