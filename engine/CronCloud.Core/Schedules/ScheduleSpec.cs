namespace CronCloud.Core.Schedules;

/// <summary>When a job is due, as a user writes it: exactly one of cron, every and at.</summary>
public sealed record ScheduleSpec
{
    /// <summary>Five fields, six with seconds first, or a macro such as <c>@daily</c>; at most 256 characters.</summary>
    public string? Cron { get; init; }

    /// <summary>The IANA zone that cron is read in; UTC when left out.</summary>
    public string? TimeZone { get; init; }

    /// <summary>1 s to 366 days, in whole milliseconds.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>The first instant of an interval. Left out, the job's own hash sets the phase, so that intervals of many jobs do not coincide.</summary>
    public DateTimeOffset? Anchor { get; init; }

    public DateTimeOffset? At { get; init; }

    /// <summary>No occurrence before this instant.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>No occurrence after this instant.</summary>
    public DateTimeOffset? EndAt { get; init; }

    /// <summary>Occurrences come up to this much later, by a shift that is fixed for the job. 0 to 24 h.</summary>
    public TimeSpan? Jitter { get; init; }
}

/// <summary>A fault in a schedule. The field is a JSON pointer into it; empty for the whole.</summary>
public sealed record ScheduleError(string Field, string Message);
