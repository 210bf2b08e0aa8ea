using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Executions;

/// <summary>How an attempt ended, in short: it travels with the execution, so that a dead letter knows them all.</summary>
public sealed record EarlierAttempt
{
    private const int MaxErrorLength = 500;

    /// <summary>The attempt's: of those that were put off there is none here, so that numbers may be missing.</summary>
    public required int Number { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required long DurationMs { get; init; }

    public required AttemptResult Outcome { get; init; }

    public int? StatusCode { get; init; }

    public string? Error { get; init; }

    public required string Node { get; init; }

    public static EarlierAttempt Of(Outcome outcome) => new()
    {
        Number = outcome.Execution.Attempt,
        StartedAt = outcome.StartedAt,
        DurationMs = outcome.DurationMs,
        Outcome = outcome.Result,
        StatusCode = outcome.StatusCode,
        Error = outcome.Error is { Length: > MaxErrorLength } longText ? longText[..MaxErrorLength] : outcome.Error,
        Node = outcome.Node,
    };
}
