using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>I7: attempts follow the retry policy: in order, only after a failure, not before their pause is over, and all of them.</summary>
internal static class Retries
{
    /// <summary>The worker's clock reads a moment before the sink's.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMilliseconds(50);

    public static IEnumerable<Violation> Of(Case run)
    {
        foreach (var execution in run.ByExecution)
        {
            if (!run.Lives.TryGetValue(execution.First().Job, out var life) || life.Shapes.FirstOrDefault(s => s.Path == execution.First().Path) is not { } shape)
                continue;
            var attempts = execution.GroupBy(d => d.Attempt).OrderBy(g => g.Key).Select(g => g.ToList()).ToList();
            foreach (var what in Faults(run, shape, attempts))
                yield return new Violation("I7", execution.First().Job, execution.First().ScheduledAt, what);
        }
    }

    private static IEnumerable<string> Faults(Case run, JobShape shape, List<List<Delivery>> attempts)
    {
        if (attempts[0][0].Attempt != 1 && !IsHidden(run, attempts[0][0].ScheduledAt, attempts[0][0]))
            yield return $"its first attempt is numbered {attempts[0][0].Attempt}";
        if (attempts[^1][0].Attempt > shape.MaxRetries + 1)
            yield return $"attempt {attempts[^1][0].Attempt} of {shape.MaxRetries + 1}";
        for (var i = 1; i < attempts.Count; i++)
        {
            var (before, after) = (attempts[i - 1], attempts[i]);
            if (after[0].Attempt != before[0].Attempt + 1)
            {
                if (!IsHidden(run, before[0].At, after[0]))
                    yield return $"attempt {after[0].Attempt} follows {before[0].Attempt}";
            }
            else if (!before.Any(d => d.Failed || d.Cut || run.Observed.Windows.Any(w => w.Touches(d))))
                yield return $"attempt {after[0].Attempt} follows one that succeeded";
            else if (before.Min(End) is { } end && after[0].At + ClockSlack < end + Pause(shape, before[0].Attempt))
                yield return $"attempt {after[0].Attempt} came {(after[0].At - end).TotalMilliseconds:0} ms after the one before";
            else if (before.Max(End) is { } last && after[0].At > last + Pause(shape, before[0].Attempt) + run.Allowed(last + Pause(shape, before[0].Attempt)))
                yield return $"attempt {after[0].Attempt} came {(after[0].At - last).TotalMilliseconds:0} ms after the one before";
        }

        if (attempts[^1] is var ended && ended.TrueForAll(d => d.Failed && d.EndedAt is not null) && ended[0].Attempt <= shape.MaxRetries && IsOwed(run, shape, ended))
            yield return $"attempt {ended[0].Attempt + 1} never came";
    }

    private static bool IsOwed(Case run, JobShape shape, List<Delivery> ended)
    {
        var due = ended.Max(End) + Pause(shape, ended[0].Attempt);
        var deleted = run.Observed.Operations.Any(o => o.Job == ended[0].Job && o.Shape is null && o.Result != OperationResult.Failed);
        return !deleted && due + run.Allowed(due!.Value) < run.Observed.ReadAt;
    }

    /// <summary>The ones between were made, and did not leave the node.</summary>
    private static bool IsHidden(Case run, DateTimeOffset from, Delivery later) => run.Observed.Windows.Any(w => w.Hides(from, later));

    private static DateTimeOffset? End(Delivery delivery) => delivery.EndedAt;

    /// <summary>Between an attempt and the next.</summary>
    internal static TimeSpan Pause(JobShape shape, int attempt) => shape.InitialDelay * Math.Pow(2, attempt - 1);
}
