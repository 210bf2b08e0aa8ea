using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Alerts;

/// <summary>A job's failed executions since its last success: each counts once, however many of its attempts failed.</summary>
public sealed record FailureStreak
{
    public static readonly FailureStreak None = new();

    /// <summary>So many of the latest are remembered by id, to know an outcome that comes again.</summary>
    private const int Remembered = 20;

    public int Count { get; init; }

    /// <summary>When the first of them failed.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The success that ended the streak before this one: failures from before it are over, whenever they are read.</summary>
    public DateTimeOffset? CalmAt { get; init; }

    /// <summary>When the execution of that success was due.</summary>
    public DateTimeOffset? CalmDue { get; init; }

    public IReadOnlyList<FailedExecution> Latest { get; init; } = [];

    /// <summary>The same object when the outcome changes nothing: one that comes again, or was over when it was read.</summary>
    public FailureStreak After(Outcome outcome)
    {
        if (outcome.Result == AttemptResult.Succeeded)
            return AfterSuccess(outcome);
        return Trouble.IsFailure(outcome) && !(outcome.EndedAt <= CalmAt) ? AfterFailure(outcome) : this;
    }

    /// <summary>Whether it is one of them: not one from before, that comes again.</summary>
    public bool Holds(Outcome outcome) => Latest.Contains(new FailedExecution(outcome.Execution.ExecutionId, outcome.EndedAt));

    /// <summary>
    /// What failed after a success that is read late goes on counting. The success of a retry is remembered also where no failure is: the failure that it made good may be read
    /// after it, by another node.
    /// </summary>
    private FailureStreak AfterSuccess(Outcome outcome)
    {
        var (at, due) = (outcome.EndedAt, outcome.Execution.ScheduledAt);
        if (Count == 0 || at < Since)
            return outcome.Execution.Number > 1 && !(at <= CalmAt) ? this with { CalmAt = at, CalmDue = due } : this;
        var later = Latest.Where(failed => failed.At > at).ToList();
        return new FailureStreak { Count = later.Count, Since = later.Count > 0 ? later.Min(failed => failed.At) : null, CalmAt = at, CalmDue = due, Latest = later };
    }

    private FailureStreak AfterFailure(Outcome outcome)
    {
        var failed = new FailedExecution(outcome.Execution.ExecutionId, outcome.EndedAt);
        if (Latest.FirstOrDefault(f => f.Id == failed.Id) is { } known)
            return failed.At <= known.At ? this : this with { Latest = [.. Latest.Where(f => f != known), failed] };
        if (Count > Latest.Count && failed.At <= Latest.Min(f => f.At)) // from among those that are not remembered any more
            return this;
        return this with
        {
            Count = WasCounted(outcome) ? Count : Count + 1,
            Since = Since < failed.At ? Since : failed.At,
            Latest = [.. Latest.TakeLast(Remembered - 1), failed],
        };
    }

    /// <summary>One that is not remembered any more tells by its earlier attempts whether it failed in this streak before.</summary>
    private bool WasCounted(Outcome outcome) =>
        Count > Latest.Count && outcome.Execution.Earlier?.Any(attempt => attempt.Outcome != AttemptResult.Succeeded && attempt.StartedAt.AddMilliseconds(attempt.DurationMs) >= Since) == true;
}

/// <summary>An execution, and when an attempt of it failed last.</summary>
public sealed record FailedExecution(string Id, DateTimeOffset At);
