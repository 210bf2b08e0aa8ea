using CronCloud.Core.Json;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Timelines;

/// <summary>Something that happened to an execution, and why.</summary>
public sealed record TimelineEvent
{
    public required DateTimeOffset At { get; init; }

    public required TimelineEventKind Event { get; init; }

    /// <summary>Which call of the target it is about, from 1: what was put off was none.</summary>
    public int? Attempt { get; init; }

    /// <summary>Who did it: the scheduler that dispatched, the worker that called.</summary>
    public string? Node { get; init; }

    /// <summary>The partition that it was dispatched from: 0 to 255.</summary>
    public int? Partition { get; init; }

    public AttemptResult? Outcome { get; init; }

    /// <summary>The HTTP status, if there was an answer.</summary>
    public int? StatusCode { get; init; }

    public long? DurationMs { get; init; }

    public string? Error { get; init; }

    /// <summary>When what follows is due: the next attempt, or the end of the patience for an outcome.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Detail { get; init; }
}

[JsonConverter(typeof(CamelCaseEnumConverter<TimelineEventKind>))]
public enum TimelineEventKind
{
    /// <summary>The schedule named the instant, or somebody asked for it.</summary>
    Due = 0,

    /// <summary>A scheduler put an attempt on the execution queue.</summary>
    Dispatched = 1,

    /// <summary>A worker called the target.</summary>
    Started = 2,

    Succeeded = 3,
    Failed = 4,

    /// <summary>A worker had no place for it: there was no attempt yet, and no retry is used up.</summary>
    PutOff = 5,

    /// <summary>It was decided to try again.</summary>
    Retry = 6,

    DeadLettered = 7,
    Skipped = 8,
    Missed = 9,

    /// <summary>A dead letter got a new round of attempts.</summary>
    Redriven = 10,

    /// <summary>It waits as of now: for its time, or for its job's slot.</summary>
    Waiting = 11,

    /// <summary>It is on the queue or with a worker as of now.</summary>
    Running = 12,
}
