namespace CronCloud.Faults.Evidence;

/// <summary>When a job is due, as its client meant it.</summary>
public abstract record Plan
{
    private Plan()
    {
    }

    /// <param name="End">The last instant that may be due; null for none.</param>
    public sealed record Every(TimeSpan Period, DateTimeOffset Anchor, DateTimeOffset? End = null) : Plan;

    public sealed record Once(DateTimeOffset At) : Plan;
}

/// <summary>The checker's own arithmetic of due times: it shares no line with the product's.</summary>
public static class Occurrences
{
    /// <summary>Due times from one instant to another, both inclusive, the earliest first.</summary>
    public static IEnumerable<DateTimeOffset> Between(Plan plan, DateTimeOffset from, DateTimeOffset until)
    {
        if (from > until)
            yield break;
        switch (plan)
        {
            case Plan.Once once:
                if (once.At >= from && once.At <= until)
                    yield return once.At;
                break;
            case Plan.Every every:
                var due = every.Anchor;
                if (due < from)
                    due += Math.Floor((from - due) / every.Period) * every.Period;
                for (; due <= until && !(due > every.End); due += every.Period)
                {
                    if (due >= from)
                        yield return due;
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(plan), plan, "No such plan.");
        }
    }

    /// <summary>The first due time after an instant; null when there is none any more.</summary>
    public static DateTimeOffset? Next(Plan plan, DateTimeOffset after)
    {
        var until = plan switch
        {
            Plan.Once once => once.At,
            Plan.Every every => (after > every.Anchor ? after : every.Anchor) + every.Period,
            _ => throw new ArgumentOutOfRangeException(nameof(plan), plan, "No such plan."),
        };
        return Between(plan, after.AddTicks(1), until).Select(due => (DateTimeOffset?)due).FirstOrDefault();
    }

    public static bool Names(Plan plan, DateTimeOffset due) => Between(plan, due, due).Any();
}
