using CronCloud.Core.Json;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Jobs;

/// <summary>A job as the record keeps it. Every write makes a new version, one higher than the last.</summary>
public sealed record Job
{
    public required JobKey Key { get; init; }

    public required JobDefinition Definition { get; init; }

    public required JobState State { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The schedule, with the job's own hash in it. The definition was validated before it became a job.</summary>
    public Schedule Schedule() =>
        Schedules.Schedule.Parse(Definition.Schedule, Key.ToString(), out var errors)
        ?? throw new InvalidOperationException($"Job {Key} version {Version} has a schedule that cannot be read: {string.Join("; ", errors)}");

    /// <summary>The next due time after the instant; null when the job is not active or has none left.</summary>
    public DateTimeOffset? NextDue(DateTimeOffset after) => State == JobState.Active ? Schedule().Next(after) : null;
}

/// <summary>Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<JobState>))]
public enum JobState
{
    Active = 0,
    Paused = 1,

    /// <summary>Active, but past its last occurrence. Never stored: it follows from the schedule and the time.</summary>
    Completed = 2,

    /// <summary>Kept as a row so that a job made anew under the same id continues the versions.</summary>
    Deleted = 3,
}
