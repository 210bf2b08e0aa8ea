using System.Text.Json;
using CronCloud.Core.Executions;
using CronCloud.Core.Json;

namespace CronCloud.Core.Outcomes;

/// <summary>How an attempt ended, and the execution it was an attempt of.</summary>
public sealed record Outcome
{
    public required Execution Execution { get; init; }

    public required AttemptResult Result { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required long DurationMs { get; init; }

    public required string Node { get; init; }

    /// <summary>The HTTP status, if there was an answer.</summary>
    public int? StatusCode { get; init; }

    /// <summary>Why it failed, for people.</summary>
    public string? Error { get; init; }

    /// <summary>The first 16 KB of the answer.</summary>
    public string? Output { get; init; }

    /// <summary>How long the target asked to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    [JsonIgnore]
    public DateTimeOffset EndedAt => StartedAt.AddMilliseconds(DurationMs);

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CoreJson.Options);

    public static Outcome FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<Outcome>(json, CoreJson.Options) ?? throw new JsonException("An outcome must not be null.");
}

/// <summary>Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<AttemptResult>))]
public enum AttemptResult
{
    Succeeded = 0,

    /// <summary>The target answered, and said no; or the attempt could not be made at all.</summary>
    Failed = 1,

    /// <summary>No answer within the job's timeout.</summary>
    TimedOut = 2,

    /// <summary>No connection to the target, or one that broke.</summary>
    Refused = 3,
}
