using System.Text.Json;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;

namespace CronCloud.Engine.Jobs;

/// <summary>What a change makes of a job. Pure: the job as it is, the change and the time in; the job as it will be, or a refusal, out.</summary>
public sealed record JobChange(Job? Next, bool Created, JobRefusal? Refused)
{
    public static JobChange Of(Job? stored, ChangeJob change, DateTimeOffset now)
    {
        var current = stored is { State: JobState.Deleted } ? null : stored;
        if (Refuse(current, change) is { } refusal)
            return new JobChange(null, false, refusal);

        var next = change.Action switch
        {
            JobAction.Create or JobAction.Put => Written(stored, current, change, now),
            JobAction.Pause => current! with { State = JobState.Paused },
            JobAction.Resume => current! with { State = JobState.Active },
            JobAction.Delete => current! with { State = JobState.Deleted },
            _ => throw new ArgumentOutOfRangeException(nameof(change), change.Action, "No such action."),
        };
        return new JobChange(IsSame(current, next) ? current : next with { Version = (stored?.Version ?? 0) + 1, UpdatedAt = now }, current is null, null);
    }

    /// <summary>Whether the revision is what the change made, or another one like it.</summary>
    public static bool Made(ChangeJob change, Revision revision)
    {
        var mayCreate = change.Action == JobAction.Create || (change.Action == JobAction.Put && change.IfVersion is null && !change.IfExists);
        var mayUpdate = change.Action != JobAction.Create && !change.IfNew;
        return ((mayCreate && revision.Action == NameOf(change.Action, created: true)) || (mayUpdate && revision.Action == NameOf(change.Action, created: false)))
            && (change.IfVersion is not { } version || revision.Version == version + 1)
            && (change.Definition is not { } definition || IsSame(definition, revision.Definition));
    }

    /// <summary>What a revision calls it.</summary>
    public static string NameOf(JobAction action, bool created) => action switch
    {
        JobAction.Create or JobAction.Put => created ? "created" : "updated",
        JobAction.Pause => "paused",
        JobAction.Resume => "resumed",
        JobAction.Delete => "deleted",
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, "No such action."),
    };

    private static JobRefusal? Refuse(Job? current, ChangeJob change)
    {
        if (current is null && change.Action is not (JobAction.Create or JobAction.Put))
            return new JobRefusal(RefusalCode.NotFound, $"There is no job '{change.Id}'.");
        if (current is not null && (change.Action == JobAction.Create || change.IfNew))
            return new JobRefusal(change.IfNew ? RefusalCode.VersionConflict : RefusalCode.AlreadyExists, $"There is a job '{change.Id}' already.");
        if (current is null && change.IfExists)
            return new JobRefusal(RefusalCode.VersionConflict, $"There is no job '{change.Id}'.");
        if (change.IfVersion is { } version && version != current?.Version)
            return new JobRefusal(RefusalCode.VersionConflict, current is null ? $"There is no job '{change.Id}'." : $"Job '{change.Id}' is at version {current.Version}, not {version}.");
        return null;
    }

    private static Job Written(Job? stored, Job? current, ChangeJob change, DateTimeOffset now) => new()
    {
        Key = change.Key,
        Definition = change.Definition ?? throw new ArgumentException("A write needs a definition.", nameof(change)),
        State = change.State ?? current?.State ?? JobState.Active,
        Version = stored?.Version ?? 0,
        CreatedAt = current?.CreatedAt ?? now,
        UpdatedAt = now,
    };

    /// <summary>Writing what is there already makes no new version.</summary>
    private static bool IsSame(Job? current, Job next) =>
        current is not null && current.State == next.State && IsSame(current.Definition, next.Definition);

    /// <summary>Most that are the same are so to the letter; the others may differ in the order of members.</summary>
    private static bool IsSame(JobDefinition one, JobDefinition other)
    {
        var (json, otherJson) = (Json(one), Json(other));
        return json.AsSpan().SequenceEqual(otherJson) || JsonElement.DeepEquals(JsonElement.Parse(json), JsonElement.Parse(otherJson));
    }

    private static byte[] Json(JobDefinition definition) => JsonSerializer.SerializeToUtf8Bytes(definition, CoreJson.Options);
}
