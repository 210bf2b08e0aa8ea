using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Signatures;

namespace CronCloud.Core.Executions;

/// <summary>One occurrence of a job on its way to a worker, with all that the worker needs: it asks nobody else.</summary>
public sealed record Execution
{
    public required string Tenant { get; init; }

    public required string JobId { get; init; }

    public required long JobVersion { get; init; }

    public required string ExecutionId { get; init; }

    public required DateTimeOffset ScheduledAt { get; init; }

    public required Trigger Trigger { get; init; }

    /// <summary>Which try this is, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The first attempt of this round: 1, or a later one after a redrive. The retry policy counts from here.</summary>
    public int FirstAttempt { get; init; } = 1;

    /// <summary>How many attempts of this round were put off: they have a number and were not made.</summary>
    public int PutOffs { get; init; }

    /// <summary>Those of the rounds before this one.</summary>
    public int EarlierPutOffs { get; init; }

    /// <summary>How often this attempt went onto the queue again because no outcome came; 0 at first.</summary>
    public int Redispatch { get; init; }

    /// <summary>How often a worker gave this attempt back: it was told to stop, or could not go on.</summary>
    public int Returns { get; init; }

    /// <summary>How many workers had claimed this attempt and were not heard of again, before this message was published; also while it was put off.</summary>
    public int Claims { get; init; }

    public required Target Target { get; init; }

    public required RetryPolicy Retry { get; init; }

    public Overlap Overlap { get; init; }

    /// <summary>When its outcome is trouble: the job's thresholds; null for the default ones.</summary>
    public AlertPolicy? Alerts { get; init; }

    /// <summary>By what its requests are signed; null for not at all. Not a part of the target: users define that.</summary>
    public SignedBy? SignedBy { get; init; }

    /// <summary>How the attempts before this one ended, the first one first; null before there was one.</summary>
    public IReadOnlyList<EarlierAttempt>? Earlier { get; init; }

    /// <summary>When this message was handed to the queue, and by which node; null before.</summary>
    public DateTimeOffset? DispatchedAt { get; init; }

    public string? DispatchedBy { get; init; }

    /// <summary>W3C trace context; the same trace for all attempts.</summary>
    public required string TraceParent { get; init; }

    /// <summary>Which call of the target this is, from 1: what was put off was none.</summary>
    [JsonIgnore]
    public int Number => Attempt - PutOffs - EarlierPutOffs;

    [JsonIgnore]
    public JobKey Job => new(Tenant, JobId);

    /// <summary>Names this attempt of this execution: the key of its in-flight entry, and what its outcome is deduplicated by.</summary>
    [JsonIgnore]
    public string AttemptId => $"{Tenant}/{ExecutionId}#{Attempt}";

    /// <summary>A deliberate second dispatch needs a new id: the queue would swallow the old one.</summary>
    [JsonIgnore]
    public string MessageId => (Redispatch, Returns) == (0, 0) ? AttemptId : $"{AttemptId}~{Redispatch}.{Returns}";

    /// <summary>The key of the execution's own entry in the due index, when it waits there for a retry or was asked for by hand.</summary>
    [JsonIgnore]
    public string EntryKey => $"{Tenant}/{ExecutionId}";

    /// <summary>The job's slot, when its executions must not overlap; else null.</summary>
    [JsonIgnore]
    public SlotClaim? Slot => Overlap == Overlap.Allow ? null : OwnSlot;

    /// <summary>The job's slot as this execution would have it: it may have been claimed for it by an edit of its job that came after its message.</summary>
    [JsonIgnore]
    public SlotClaim OwnSlot => new(Job.ToString(), EntryKey);

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CoreJson.Lean);

    public static Execution FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<Execution>(json, CoreJson.Options) ?? throw new JsonException("An execution must not be null.");
}

/// <summary>What made an execution. Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<Trigger>))]
public enum Trigger
{
    Schedule = 0,
    Manual = 1,
    Event = 2,
    Backfill = 3,
    Redrive = 4,
}
