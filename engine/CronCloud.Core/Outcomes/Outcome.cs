using System.Globalization;
using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Json;

namespace CronCloud.Core.Outcomes;

/// <summary>How an attempt ended, and the execution it was an attempt of; or that an occurrence was not started at all.</summary>
public sealed record Outcome
{
    public required Execution Execution { get; init; }

    public required AttemptResult Result { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required long DurationMs { get; init; }

    public required string Node { get; init; }

    /// <summary>The HTTP status, if there was an answer.</summary>
    public int? StatusCode { get; init; }

    /// <summary>Why it failed or was not started, for people.</summary>
    public string? Error { get; init; }

    /// <summary>The first 16 KB of the answer.</summary>
    public string? Output { get; init; }

    /// <summary>How long the target asked to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Not retried, whatever the policy says.</summary>
    public bool IsFinal { get; init; }

    /// <summary>How many occurrences were not started, this one first; 1 for anything else.</summary>
    public int Occurrences { get; init; } = 1;

    /// <summary>The due time of the last of them.</summary>
    public DateTimeOffset? LastDue { get; init; }

    [JsonIgnore]
    public DateTimeOffset EndedAt => StartedAt.AddMilliseconds(DurationMs);

    /// <summary>Whether the occurrence was not started: there was no attempt.</summary>
    [JsonIgnore]
    public bool IsDropped => Result is AttemptResult.Skipped or AttemptResult.Missed;

    /// <summary>Whether there was no attempt yet, and another worker is to make it.</summary>
    [JsonIgnore]
    public bool IsPutOff => Result == AttemptResult.PutOff;

    /// <summary>
    /// By what the stream drops a second copy. An attempt that was dispatched again has an outcome of its own: the first one may be what was lost. A drop is one of
    /// an attempt, and of a range: a retry may be dropped after its execution was, and a range may be told again and reach further.
    /// </summary>
    [JsonIgnore]
    public string MessageId => IsDropped ? string.Create(CultureInfo.InvariantCulture, $"{Execution.AttemptId}#{Result}{LastDue?.ToUnixTimeMilliseconds()}") : Execution.MessageId;

    public static Outcome Of(Dropped dropped, DateTimeOffset now, string node) => new()
    {
        Execution = dropped.First,
        Result = dropped.Kind == DropKind.Missed ? AttemptResult.Missed : AttemptResult.Skipped,
        StartedAt = now,
        DurationMs = 0,
        Node = node,
        Error = dropped.Reason,
        Occurrences = dropped.Count,
        LastDue = dropped.Count > 1 ? dropped.Last : null,
    };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CoreJson.Lean);

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

    /// <summary>There was no attempt: the overlap policy, or the job was deleted.</summary>
    Skipped = 4,

    /// <summary>There was no attempt: the catch-up policy.</summary>
    Missed = 5,

    /// <summary>There was no attempt yet: a worker had no place for it. It comes again soon and has used up no retry.</summary>
    PutOff = 6,
}
