using CronCloud.Core.Executions;

namespace CronCloud.Core.Outcomes;

/// <summary>An execution that used up its attempts, as the record keeps it until it is redriven or discarded.</summary>
public sealed record DeadLetter
{
    /// <summary>As it was sent the last time.</summary>
    public required Execution Execution { get; init; }

    public required DateTimeOffset DeadLetteredAt { get; init; }

    /// <summary>The last twelve attempts, the first one first; history has all.</summary>
    public required IReadOnlyList<EarlierAttempt> Attempts { get; init; }

    /// <summary>Why the last one failed.</summary>
    public string? Error { get; init; }

    /// <summary>What the target answered to it.</summary>
    public string? Output { get; init; }

    public static DeadLetter Of(Outcome outcome) => new()
    {
        Execution = outcome.Execution,
        DeadLetteredAt = outcome.EndedAt,
        Attempts = outcome.IsDropped ? outcome.Execution.Earlier ?? [] : Settlement.AttemptsOf(outcome),
        Error = outcome.IsDropped ? $"redriven, but not started: {outcome.Error}" : outcome.Error,
        Output = outcome.Output,
    };

    /// <summary>The execution on its next round of attempts, under the same id and due time.</summary>
    public Execution Redriven() => Execution with
    {
        Trigger = Trigger.Redrive,
        Attempt = Execution.Attempt + 1,
        FirstAttempt = Execution.Attempt + 1,
        PutOffs = 0,
        EarlierPutOffs = Execution.EarlierPutOffs + Execution.PutOffs,
        Redispatch = 0,
        Returns = 0,
        Claims = 0,
        Earlier = Attempts,
    };
}
