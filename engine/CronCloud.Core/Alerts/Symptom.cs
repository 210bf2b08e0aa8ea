using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Alerts;

/// <summary>One kind of trouble that a job has, or had: what is over stays known for a while, so that old news is told from new.</summary>
public sealed record Symptom
{
    public required TroubleKind Kind { get; init; }

    /// <summary>When it was seen last.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The latest due time of an execution that had it.</summary>
    public required DateTimeOffset Due { get; init; }

    public required string Summary { get; init; }

    /// <summary>Since when it is over; null while it goes on.</summary>
    public DateTimeOffset? OverAt { get; init; }

    public static Symptom Of(Trouble trouble) => new() { Kind = trouble.Kind, At = trouble.At, Due = trouble.Due, Summary = trouble.Summary };

    /// <summary>The same object when the trouble is no news: it was seen before, or was over when it was read.</summary>
    public Symptom With(Trouble trouble)
    {
        if (OverAt is { } over)
            return trouble.At > over ? Of(trouble) : this;
        if (trouble.At <= At)
            return this;
        return this with { At = trouble.At, Due = trouble.Due > Due ? trouble.Due : Due, Summary = trouble.Summary };
    }

    /// <summary>
    /// The same object when it goes on. Failures end with the next success of an execution that was due no earlier; what came too late, or not at all, with a start in time
    /// that came after; what was too slow with a fast success that began after.
    /// </summary>
    public Symptom After(Outcome outcome) => OverAt is null && EndOf(outcome) is { } end ? this with { OverAt = end } : this;

    /// <summary>Failures that are read after the success that ended them are over.</summary>
    public Symptom After(FailureStreak streak) =>
        OverAt is null && Kind is TroubleKind.Failing or TroubleKind.DeadLetter && streak.CalmAt >= At && streak.CalmDue >= Due ? this with { OverAt = streak.CalmAt } : this;

    private DateTimeOffset? EndOf(Outcome outcome) => Kind switch
    {
        TroubleKind.Failing or TroubleKind.DeadLetter => outcome.Result == AttemptResult.Succeeded && outcome.Execution.ScheduledAt >= Due && outcome.EndedAt >= At ? outcome.EndedAt : null,
        TroubleKind.Late or TroubleKind.Missed => Trouble.IsOnTime(outcome) && outcome.StartedAt > At ? outcome.StartedAt : null,
        TroubleKind.Slow => Trouble.IsFastSuccess(outcome) && outcome.StartedAt > At ? outcome.StartedAt : null,
        _ => throw new InvalidOperationException($"There is no trouble {Kind}."),
    };
}
