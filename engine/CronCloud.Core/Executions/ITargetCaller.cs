using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Executions;

/// <summary>Makes attempts at one kind of target.</summary>
public interface ITargetCaller
{
    /// <summary>Whether the execution has this kind of target.</summary>
    bool Calls(Execution execution);

    /// <summary>Makes the attempt. Whatever the target does is an answer, not an exception; cancellation ends it without one.</summary>
    Task<Answer> CallAsync(Execution execution, CancellationToken cancellation);
}

/// <summary>What came of calling a target.</summary>
public sealed record Answer(AttemptResult Result)
{
    public int? StatusCode { get; init; }

    public string? Error { get; init; }

    public string? Output { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public static Answer Failed(string error) => new(AttemptResult.Failed) { Error = error };
}
