using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Simulation.Checking;

/// <summary>I1, the other half: what was not started was let go by its job's own policy, or with its job, and by nothing else.</summary>
internal static class DropCheck
{
    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        foreach (var drop in evidence.Drops.All)
        {
            var job = new JobKey(drop.Tenant, drop.JobId);
            var fault = drop.Result == AttemptResult.Missed ? MissedFault(evidence, job, drop) : SkippedFault(evidence, job, drop);
            if (fault is not null)
                yield return Finding.Now("I1", $"{Drops.KeyOf(drop)} was {drop.Result} at {drop.StartedAt:HH:mm:ss.fff} ({drop.Error}) though {fault}", Drops.KeyOf(drop), job.ToString());
            if (evidence.IsFaultless && evidence.WasCalled(Drops.KeyOf(drop), Math.Max(1, drop.Attempt)))
                yield return Finding.Now("I1", $"{Drops.KeyOf(drop)} was {drop.Result} and started", Drops.KeyOf(drop));
        }
    }

    private static string? SkippedFault(Evidence evidence, JobKey job, HistoryRow drop)
    {
        if (evidence.Servers.Jobs.Commits.Any(c => c.Job.Key == job && c.Job.State == JobState.Deleted && c.At <= drop.StartedAt + evidence.Skew))
            return null;
        if (!evidence.Versions.Any(v => v.Job.Key == job && v.Job.Definition.Overlap != Overlap.Allow))
            return "its executions may overlap";
        return evidence.Slots.IsBusy(job, Drops.KeyOf(drop), drop.StartedAt) ? null : "no other execution was at work";
    }

    private static string? MissedFault(Evidence evidence, JobKey job, HistoryRow drop)
    {
        var versions = evidence.Versions.Where(v => v.Job.Key == job && v.MayBeInForce(drop.ScheduledAt, evidence.Skew) && Occurrences.Has(v.Job.Definition.Schedule, drop.ScheduledAt)).ToList();
        return versions.Count == 0 ? "no version had that occurrence" : versions.Select(v => MissedFault(evidence, v.Job.Definition, drop)).MinBy(fault => fault is not null);
    }

    private static string? MissedFault(Evidence evidence, JobDefinition job, HistoryRow drop)
    {
        var last = drop.LastDue ?? drop.ScheduledAt;
        var late = drop.StartedAt + (evidence.Skew * 2) - last;
        var count = Occurrences.Of(job.Schedule, drop.ScheduledAt.AddTicks(-1), last).Count();
        if (count != drop.Occurrences)
            return $"it is told as {drop.Occurrences} occurrences, and there were {count}";
        if (late < CatchUp.OnTime)
            return $"it was only {late.TotalSeconds:0.000} s late";
        return job.CatchUp.Policy switch
        {
            CatchUpPolicy.None => null,
            CatchUpPolicy.All => late > job.CatchUp.Window ? null : "it was within its window",
            // A later one counts also where the job was edited in between: after that one it was not the latest any more.
            _ => late > job.CatchUp.Window || Occurrences.Of(job.Schedule, last, drop.StartedAt + evidence.Skew).Any() ? null : "there was no later one",
        };
    }
}
