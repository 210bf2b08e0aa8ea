using System.Text.Json;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Jobs;

/// <summary>A message for the actor of one job.</summary>
public interface IForJob
{
    JobKey Key { get; }
}

/// <summary>A change that somebody wants. The definition was validated before.</summary>
public sealed record ChangeJob : IForJob
{
    public required string Tenant { get; init; }

    public required string Id { get; init; }

    public required JobAction Action { get; init; }

    /// <summary>For create and put.</summary>
    public JobDefinition? Definition { get; init; }

    /// <summary>For create and put: paused or active; null leaves it as it is.</summary>
    public JobState? State { get; init; }

    /// <summary>Only if the job is at this version; null for any.</summary>
    public long? IfVersion { get; init; }

    /// <summary>Only if there is no such job.</summary>
    public bool IfNew { get; init; }

    /// <summary>Only if there is such a job.</summary>
    public bool IfExists { get; init; }

    /// <summary>When it was sent first, if it was sent before: what was made since as it wants it is its own doing.</summary>
    public DateTimeOffset? SentBefore { get; init; }

    /// <summary>Who wants it, for the revisions.</summary>
    public required string By { get; init; }

    public JobKey Key => new(Tenant, Id);
}

public enum JobAction
{
    /// <summary>Refused when the id is taken.</summary>
    Create,

    /// <summary>Creates or replaces.</summary>
    Put,
    Pause,
    Resume,
    Delete,
}

/// <summary>Runs the job once, now.</summary>
public sealed record TriggerJob : IForJob
{
    public required string Tenant { get; init; }

    public required string Id { get; init; }

    /// <summary>In place of the job's own body or payload.</summary>
    public JsonElement? Payload { get; init; }

    /// <summary>When it was asked for, and what tells it apart from others of that instant: asked again with both, it is the same execution. Null: now, and another one.</summary>
    public (DateTimeOffset At, string Nonce)? Asked { get; init; }

    /// <summary>W3C trace context of whoever asks; null begins a trace.</summary>
    public string? TraceParent { get; init; }

    public JobKey Key => new(Tenant, Id);
}

/// <summary>What came of a message: one of job, execution id, refusal and unavailability is set.</summary>
public sealed record JobReply
{
    /// <summary>As it is after the change.</summary>
    public Job? Job { get; init; }

    /// <summary>Whether the change made it.</summary>
    public bool Created { get; init; }

    /// <summary>Whether there was nothing to change: the job was as it was to be.</summary>
    public bool IsUnchanged { get; init; }

    public string? ExecutionId { get; init; }

    public JobRefusal? Refused { get; init; }

    /// <summary>Something that CronCloud stands on was away: the change may or may not have happened.</summary>
    public string? Unavailable { get; init; }

    public static JobReply Refuse(RefusalCode code, string message) => new() { Refused = new JobRefusal(code, message) };
}

public sealed record JobRefusal(RefusalCode Code, string Message);

public enum RefusalCode
{
    NotFound,
    AlreadyExists,
    VersionConflict,
}
