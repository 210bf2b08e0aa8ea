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

    /// <summary>What was read of it last: one change of a job asks for its schedule several times, and reading it is the most of what a change computes.</summary>
    internal ReadBefore LastRead { get; set; }

    /// <summary>A schedule that was read. It is no part of what a spec says: any two are equal.</summary>
    internal readonly struct ReadBefore(Schedule schedule) : IEquatable<ReadBefore>
    {
        private readonly Schedule? _schedule = schedule;

        /// <summary>Null when another spec was read, of which this one is a changed copy, or with another seed.</summary>
        public Schedule? Of(ScheduleSpec spec, string seed) => _schedule is { } read && read.IsOf(spec, seed) ? read : null;

        public bool Equals(ReadBefore other) => true;

        public override bool Equals(object? obj) => obj is ReadBefore;

        public override int GetHashCode() => 0;
    }
}

/// <summary>A fault in a schedule. The field is a JSON pointer into it; empty for the whole.</summary>
public sealed record ScheduleError(string Field, string Message);
