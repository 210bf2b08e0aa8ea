using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Simulation.Scenarios;

namespace CronCloud.Simulation.Checking;

/// <summary>I7: a dead letter for each execution that used up its attempts and was not redriven, and for no other; an attempt is given up only after three workers.</summary>
internal static class LetterCheck
{
    private const int WorkersPerAttempt = 3;

    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        var letters = evidence.Servers.DeadLetters.Letters.ToDictionary(l => l.Execution.EntryKey);
        foreach (var execution in evidence.Executions.Where(e => e.IsOfOneVersion))
        {
            var (chain, letter) = (evidence.ChainOf(execution), letters.GetValueOrDefault(execution.Key));
            var isDue = chain.Ends == ExecutionStatus.DeadLettered;
            if (isDue && letter is null && !evidence.IsOutcomeLost(execution.Key, chain.Attempts.Count) && !IsLetGoWithItsJob(evidence, execution.Key, chain.Attempts.Count) && !HasSucceededAfter(evidence, execution, chain))
                yield return new Finding("I7", $"{execution.Key} used up its {chain.Attempts.Count} attempts and is no dead letter", [execution.Key], evidence.EndBy(execution), evidence.IsYoung(execution.First.ScheduledAt));
            // An attempt that was given up may be at work still, and tell its own outcome afterwards: both stand, if it had been claimed often enough.
            if (letter is not null && !evidence.Crashes.Contains(letter.Execution.AttemptId) && !MayComeBack(evidence, execution, letter.Execution) && !IsDroppedToo(evidence, execution, letter) && !(isDue && IsLastOf(chain, letter, evidence.MadeAndPutOff(execution.Key))))
                yield return Finding.Now("I7", $"{execution.Key} is a dead letter after attempt {letter.Execution.Attempt} ({letter.Attempts.Count} told); it ends as {chain.Ends} after {chain.Attempts.Count}", execution.Key);
        }

        foreach (var unseen in letters.Values.Where(l => !evidence.ByKey[l.Execution.EntryKey].Any() && !IsGivenUp(evidence, l.Execution)))
            yield return Finding.Now("I7", $"{unseen.Execution.EntryKey} is a dead letter, and no target saw it", unseen.Execution.EntryKey);
        foreach (var crash in evidence.Crashes.Where(c => evidence.ClaimsOf(c) <= WorkersPerAttempt))
            yield return Finding.Now("I7", $"{crash} was given up as worker-crash after {evidence.ClaimsOf(crash) - 1} workers", crash[..crash.LastIndexOf('#')]);
        foreach (var putOff in evidence.Servers.Outcomes.PutOff.Where(p => evidence.ClaimsOf(p) < WorkersPerAttempt))
            yield return Finding.Now("I7", $"{putOff} was put off after {evidence.ClaimsOf(putOff) - 1} workers, and there was room for it", putOff[..putOff.LastIndexOf('#')]);
        foreach (var redrive in evidence.Ledger.Redrives.Where(r => r.Answer == true && !evidence.Servers.DeadLetters.Redriven.ContainsKey(r.AttemptId)))
            yield return Finding.Now("I5", $"the redrive after {redrive.AttemptId} was answered and is not in the record", redrive.AttemptId);
    }

    /// <summary>Its last attempt was told as skipped, since its job had been deleted, by a step that was half done before.</summary>
    private static bool IsLetGoWithItsJob(Evidence evidence, string execution, int attempt) =>
        evidence.IsToldAsDropped(execution, attempt) && evidence.Drops.Of(execution, attempt)!.Error == "the job was deleted";

    /// <summary>As many attempts more as one worker made and another put off may follow, and one of them may have succeeded.</summary>
    private static bool HasSucceededAfter(Evidence evidence, SeenExecution execution, AttemptChain chain) =>
        execution.Calls.Select(call => call.Execution.Attempt).Any(attempt =>
            attempt > chain.Attempts.Count
            && attempt <= chain.Attempts.Count + evidence.MadeAndPutOff(execution.Key)
            && TargetScript.Of(evidence.Seed, execution.First.Target, execution.First.ExecutionId, attempt).Answer.Result == AttemptResult.Succeeded);

    /// <summary>Whether that attempt or one before it was: a redrive of it may not have started.</summary>
    private static bool IsGivenUp(Evidence evidence, Execution letter) => Enumerable.Range(1, letter.Attempt).Any(attempt => evidence.Crashes.Contains($"{letter.EntryKey}#{attempt}"));

    /// <summary>A redriven attempt may be made and told as not started, by a step that was half done: either may be what the letter tells.</summary>
    private static bool IsDroppedToo(Evidence evidence, SeenExecution execution, DeadLetter letter) =>
        !evidence.IsFaultless && (evidence.Drops.Of(execution.Key, letter.Execution.Attempt) is not null || letter.Error?.StartsWith("redriven, but not started", StringComparison.Ordinal) == true);

    /// <summary>After as many attempts, or as many more as one worker made and another put off.</summary>
    private static bool IsLastOf(AttemptChain chain, DeadLetter letter, int more) => more == 0
        ? letter.Execution.Attempt == chain.Attempts.Count && letter.Attempts.Count == chain.Told
        : letter.Execution.Attempt >= chain.Attempts.Count - more && letter.Execution.Attempt <= chain.Attempts.Count + more;

    /// <summary>
    /// A dead letter may come back though a retry or a redrive of it had come after: where its outcome is settled once more after the redrive has ended (the settler died
    /// before it acknowledged), or where the index and NATS both forgot and an occurrence is made once more from its first attempt, or from where another copy of an attempt that
    /// had ended was put off.
    /// </summary>
    private static bool MayComeBack(Evidence evidence, SeenExecution execution, Execution letter) =>
        (!evidence.IsFaultless && evidence.Servers.DeadLetters.Redriven.ContainsKey(letter.AttemptId))
        || (evidence.Ledger.Losses.Count > 0 && evidence.WasCalled(execution.Key, letter.Attempt) && evidence.Servers.Outcomes.PutOff.Contains(letter.AttemptId))
        || (evidence.Ledger.Losses.Count > 0
            && execution.Calls.FirstOrDefault(c => c.Execution.Attempt > letter.Attempt) is { } next
            && execution.Calls.Any(c => c.Execution.Attempt == letter.Attempt && c.EndsAt > next.At));
}
