using CronCloud.Core.Schedules;

namespace CronCloud.Core.Jobs;

/// <summary>How often, and after which pauses, a failed execution is tried again: exponential backoff with a cap.</summary>
public sealed record RetryPolicy
{
    public static readonly RetryPolicy Default = new();

    /// <summary>0 to 5 retries after the first attempt.</summary>
    public int MaxRetries { get; init; } = 5;

    /// <summary>The pause before the first retry. 1 s to 24 h.</summary>
    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Each pause is the one before it times this. 1 to 10.</summary>
    public double Multiplier { get; init; } = 2;

    /// <summary>No pause is longer than this. 1 s to 24 h, and not below the initial delay.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Shortens each pause by up to a quarter, so that executions which failed together do not come back together.</summary>
    public bool Jitter { get; init; } = true;

    /// <summary>Whether answers that call the request wrong (4xx) are retried too; shown only where it is set. 408, 425 and 429 always are.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ClientErrors { get; init; }

    /// <summary>
    /// The pause after the given failed attempt (from 1). The jitter is taken from the execution's id, not from chance:
    /// the settler and the history writer, and either of them once more, come to the same instant.
    /// </summary>
    public TimeSpan DelayAfter(int attempt, string executionId)
    {
        var grown = InitialDelay.TotalMilliseconds * Math.Pow(Multiplier, attempt - 1);
        var capped = Math.Min(grown, MaxDelay.TotalMilliseconds);
        var share = Jitter ? StableHash.Of($"{executionId}#{attempt}") % 1000 / 4000.0 : 0;
        return TimeSpan.FromMilliseconds(Math.Round(capped * (1 - share)));
    }
}
