using System.Text.Json;
using System.Text.Json.Serialization;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;

namespace CronCloud.Engine.Jobs;

/// <summary>A message for the actor of one job: sharding sends it there.</summary>
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

    /// <summary>Who wants it, for the revisions.</summary>
    public required string By { get; init; }

    [JsonIgnore]
    public JobKey Key => new(Tenant, Id);
}

[JsonConverter(typeof(CamelCaseEnumConverter<JobAction>))]
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

    [JsonIgnore]
    public JobKey Key => new(Tenant, Id);
}

/// <summary>What came of a message: exactly one member is set.</summary>
public sealed record JobReply
{
    public JobView? Job { get; init; }

    public string? ExecutionId { get; init; }

    public JobRefusal? Refused { get; init; }

    /// <summary>Something that CronCloud stands on was away: the change may or may not have happened.</summary>
    public string? Unavailable { get; init; }

    public static JobReply Refuse(RefusalCode code, string message) => new() { Refused = new JobRefusal(code, message) };
}

/// <summary>A job as it is after the change, and whether the change made it.</summary>
public sealed record JobView(string Tenant, string Id, JobDefinition Definition, JobState State, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, bool Created)
{
    public static JobView Of(Job job, bool created) => new(job.Key.Tenant, job.Key.Id, job.Definition, job.State, job.Version, job.CreatedAt, job.UpdatedAt, created);

    public Job ToJob() => new() { Key = new JobKey(Tenant, Id), Definition = Definition, State = State, Version = Version, CreatedAt = CreatedAt, UpdatedAt = UpdatedAt };
}

public sealed record JobRefusal(RefusalCode Code, string Message);

[JsonConverter(typeof(CamelCaseEnumConverter<RefusalCode>))]
public enum RefusalCode
{
    NotFound,
    AlreadyExists,
    VersionConflict,
}
