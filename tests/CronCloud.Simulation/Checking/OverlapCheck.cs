using CronCloud.Core.Executions;

namespace CronCloud.Simulation.Checking;

/// <summary>
/// I6: of a job whose executions must not overlap, none begins before the one before it has ended, retries included. What ended is what the first caller heard to
/// its end: a copy of an attempt that another worker makes once more goes on at its target, which at-least-once cannot help; nor can it tell whether an attempt that was given up as
/// worker-crash still runs somewhere. And a slot is lost with the
/// index: what runs at a loss is excused.
/// </summary>
internal static class OverlapCheck
{
    public static IEnumerable<Finding> Check(Evidence evidence)
    {
        foreach (var job in evidence.Slots.ByJob)
        {
            var spans = job.SelectMany(e => RoundsOf(evidence, e)).OrderBy(s => s.From).ToList();
            for (var i = 1; i < spans.Count; i++)
            {
                var (one, other) = (spans[i - 1], spans[i]);
                if (one.Key != other.Key && other.From < one.To && !evidence.Ledger.Losses.Any(loss => loss <= one.To && evidence.Lived(loss, one.From) <= Before))
                    yield return Finding.Now("I6", $"{other.Key} began at {other.From:HH:mm:ss.fff} while {one.Key} ran, from {one.From:HH:mm:ss.fff} to {one.To:HH:mm:ss.fff}", one.Key, other.Key, job.Key.ToString());
            }
        }
    }

    /// <summary>A slot is claimed before the target is called, and the index may be lost in between.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(30);

    private static IEnumerable<Span> RoundsOf(Evidence evidence, SeenExecution execution)
    {
        var rounds = evidence.ChainOf(execution).Rounds;
        foreach (var round in execution.Calls.GroupBy(c => rounds.Where(r => r <= c.Execution.Attempt).DefaultIfEmpty(1).Max()))
        {
            var last = round.Where(c => c.Execution.Attempt == round.Max(r => r.Execution.Attempt)).ToList();
            var heard = last.Where(c => c.AnsweredAt is not null).Select(c => c.EndsAt).ToList();
            var isGivenUp = evidence.Crashes.Contains(last[0].Execution.AttemptId);
            var kept = round.GroupBy(c => c.Execution.AttemptId).Select(attempt => (attempt.Key, At: attempt.Min(c => c.At))).Where(first => first.At <= evidence.GivenUpAt(first.Key)).Select(first => first.At).ToList();
            if (kept.Count > 0)
                yield return new Span(execution.Key, kept.Min(), isGivenUp ? kept.Max() : heard.Count > 0 ? heard.Min() : last[0].At);
        }
    }

    private sealed record Span(string Key, DateTimeOffset From, DateTimeOffset To);
}
