namespace CronCloud.Simulation.Checking;

/// <summary>I1: every occurrence of a job in force reaches its target, in time, and is tried until it has ended; so does what was asked for by hand.</summary>
internal static class MissCheck
{
    /// <summary>Handing an attempt on: queue, outcome, settling, waking.</summary>
    private static readonly TimeSpan PerAttempt = TimeSpan.FromSeconds(2);

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
            var seen = evidence.ByKey[$"{operation.Key.Tenant}/{operation.Reply!.ExecutionId}"].SingleOrDefault();
            if (seen is null)
                yield return new Finding("I1", $"{operation.Reply.ExecutionId}, asked for by hand, was never started", [operation.Reply.ExecutionId!, operation.Key.ToString()], evidence.StartBy(operation.AnsweredAt!.Value), evidence.IsYoung(operation.AnsweredAt.Value));
            else if (Unfinished(evidence, seen, operation.AnsweredAt!.Value) is { } unfinished)
                yield return unfinished;
        }
    }

    private static IEnumerable<Finding> Check(Evidence evidence, JobVersion version, DateTimeOffset occurrence)
    {
        var startBy = evidence.StartBy(occurrence);
        var seen = evidence.ByOccurrence[(version.Job.Key, occurrence)].FirstOrDefault();
        string[] about = [version.Job.Key.ToString(), .. seen is null ? [] : new[] { seen.Key }];
        if (seen is null)
        {
            var atEdit = version.MustUntil is { } edited && edited - occurrence < TimeSpan.FromSeconds(3) ? $", {(edited - occurrence).TotalSeconds:0.000} s before it was edited" : "";
            yield return new Finding("I1", $"{version.Job.Key} version {version.Job.Version} missed {occurrence:HH:mm:ss.fff}{atEdit}", about, startBy, evidence.IsYoung(occurrence));
            yield break;
        }

        if (seen.Calls[0].At > startBy)
            yield return Finding.Now("I1", $"{seen.Key} was {(seen.Calls[0].At - occurrence).TotalSeconds:0.000} s late", about);
        if (Unfinished(evidence, seen, occurrence) is { } unfinished)
            yield return unfinished;
    }

    private static Finding? Unfinished(Evidence evidence, SeenExecution seen, DateTimeOffset due)
    {
        if (!seen.IsOfOneVersion)
            return null;
        var chain = seen.Chain(evidence.Seed);
        var missing = Enumerable.Range(1, chain.Attempts.Count).Where(attempt => seen.Calls.All(c => c.Execution.Attempt != attempt)).ToList();
        if (missing.Count == 0)
            return null;
        var by = evidence.StartBy(due) + chain.Length(seen.First.Retry) + (PerAttempt * chain.Attempts.Count);
        return new Finding("I1", $"{seen.Key} was never tried for the {missing[0]}. time of {chain.Attempts.Count}", [seen.Key, seen.First.Job.ToString()], by, evidence.IsYoung(due));
    }
}
