using System.Text.Json.Serialization;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Gateway.Api;

/// <summary>A job as the API shows it.</summary>
internal sealed record JobAnswer
{
    public required string Id { get; init; }

    public string? Description { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    public required ScheduleSpec Schedule { get; init; }

    public required Target Target { get; init; }

    public required RetryPolicy Retry { get; init; }

    public required CatchUp CatchUp { get; init; }

    public required Overlap Overlap { get; init; }

    public required AlertPolicy Alerts { get; init; }

    public required JobState State { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required DateTimeOffset? NextDueAt { get; init; }

    public static JobAnswer Of(Job job, DateTimeOffset now)
    {
        var next = job.NextDue(now);
        return new JobAnswer
        {
            Id = job.Key.Id,
            Description = job.Definition.Description,
            Tags = job.Definition.Tags,
            Schedule = job.Definition.Schedule,
            Target = job.Definition.Target,
            Retry = job.Definition.Retry,
            CatchUp = job.Definition.CatchUp,
            Overlap = job.Definition.Overlap,
            Alerts = job.Definition.Alerts,
            State = job.State == JobState.Active && next is null ? JobState.Completed : job.State,
            Version = job.Version,
            CreatedAt = job.CreatedAt,
            UpdatedAt = job.UpdatedAt,
            NextDueAt = next,
        };
    }
}
