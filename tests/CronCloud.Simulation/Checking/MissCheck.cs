using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Checking;

/// <summary>I1: every occurrence of a job in force reaches its target, in time, and is tried until it has ended, or is told as dropped; so does what was asked for by hand.</summary>
internal static class MissCheck
{
    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        foreach (var version in evidence.Versions)
        {
            foreach (var occurrence in version.Occurrences(evidence.Now))
            {
                foreach (var finding in Check(evidence, version, occurrence))
                    yield return finding;
            }
        }

        foreach (var operation in evidence.Ledger.Operations.Where(o => o.Reply?.ExecutionId is not null))
        {
            var (key, asked) = ($"{operation.Key.Tenant}/{operation.Reply!.ExecutionId}", operation.AnsweredAt!.Value);
            var seen = evidence.ByKey[key].SingleOrDefault();
            if (seen is null && !IsOver(evidence, key))
                yield return new Finding("I1", $"{operation.Reply.ExecutionId}, asked for by hand, was never started", [operation.Reply.ExecutionId!, operation.Key.ToString()], StartBy(evidence, operation.Key, key, asked, evidence.Now), evidence.IsYoung(asked));
            else if (seen is not null && Unfinished(evidence, seen) is { } unfinished)
                yield return unfinished;
        }
    }

    private static IEnumerable<Finding> Check(Evidence evidence, JobVersion version, DateTimeOffset occurrence)
    {
        var (job, key) = (version.Job.Key, $"{version.Job.Key.Tenant}/{ExecutionId.Of(version.Job.Key.Id, occurrence)}");
        var seen = evidence.ByOccurrence[(job, occurrence)].FirstOrDefault();
        var startBy = StartBy(evidence, job, key, occurrence, seen?.Calls[0].At ?? evidence.Now);
        if (seen is null)
        {
            // A deleted job's occurrences that had not begun go with it, as the product means it; an edit's do not.
            if (!IsOver(evidence, key) && !evidence.Drops.Has(job, occurrence) && !(version.DeletedFrom <= startBy) && !evidence.IsLeftOverLost(version, occurrence))
                yield return new Finding("I1", $"{job} version {version.Job.Version} missed {occurrence:HH:mm:ss.fff}{AtEdit(version, occurrence)}", [job.ToString()], startBy, evidence.IsYoung(occurrence));
            yield break;
        }

        if (seen.Calls[0].At > startBy)
            yield return Finding.Now("I1", $"{seen.Key} was {(seen.Calls[0].At - occurrence).TotalSeconds:0.000} s late", job.ToString(), seen.Key);
        if (Unfinished(evidence, seen) is { } unfinished)
            yield return unfinished;
    }

    /// <summary>What waits for its job's slot has until that is free.</summary>
    private static DateTimeOffset StartBy(Evidence evidence, JobKey job, string key, DateTimeOffset due, DateTimeOffset before)
    {
        var overlap = evidence.Versions.Where(v => v.Job.Key == job).Max(v => v.Job.Definition.Overlap);
        var (startBy, freeBy) = (evidence.StartBy(due, overlap), evidence.Slots.FreeBy(job, key, before));
        return (overlap == Overlap.Queue && freeBy > startBy ? freeBy : startBy) + evidence.PutOffFor(key);
    }

    /// <summary>Dropped, or given up before any target saw it. When NATS lost that an attempt was put off, that one is dropped, and not the one after it.</summary>
    private static bool IsOver(Evidence evidence, string key)
    {
        var first = evidence.FirstMade(key);
        return evidence.Drops.Of(key, first) is not null
            || evidence.Crashes.Contains($"{key}#{first}")
            || Enumerable.Range(1, first - 1).Any(attempt => evidence.IsOutcomeLost(key, attempt) && evidence.Drops.Of(key, attempt) is not null);
    }

    private static string AtEdit(JobVersion version, DateTimeOffset occurrence) =>
        version.MustUntil is { } edited && edited - occurrence < TimeSpan.FromSeconds(3) ? $", {(edited - occurrence).TotalSeconds:0.000} s before it was edited" : "";

    private static Finding? Unfinished(Evidence evidence, SeenExecution seen)
    {
        if (!seen.IsOfOneVersion)
            return null;
        var chain = evidence.ChainOf(seen);
        var missing = Enumerable.Range(1, chain.Attempts.Count).FirstOrDefault(attempt => chain.Attempts[attempt - 1].IsMade && seen.Calls.All(c => c.Execution.Attempt != attempt) && !evidence.Crashes.Contains($"{seen.Key}#{attempt}"));
        return missing == 0 ? null : new Finding("I1", $"{seen.Key} was never tried for the {missing}. time of {chain.Attempts.Count}", [seen.Key, seen.First.Job.ToString()], evidence.EndBy(seen), evidence.IsYoung(seen.First.ScheduledAt));
    }
}
