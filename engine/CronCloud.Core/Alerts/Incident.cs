using CronCloud.Core.Json;

namespace CronCloud.Core.Alerts;

/// <summary>A job's trouble from the first alert to recovery. A job has one at a time; every write makes a new version, one higher than the last.</summary>
public sealed record Incident
{
    /// <summary>Two nodes' clocks may be apart by less: a job that was made this much later than an incident was opened is another one of the same id.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(1);

    public required string Id { get; init; }

    public required string Tenant { get; init; }

    public required string JobId { get; init; }

    /// <summary>All that was wrong since it was opened, the first one first.</summary>
    public required IReadOnlyList<TroubleKind> Kinds { get; init; }

    /// <summary>For people: what is wrong, or was.</summary>
    public required string Summary { get; init; }

    public required IncidentState State { get; init; }

    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>When there was trouble last.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>Executions that failed in a row.</summary>
    public int Failures { get; init; }

    public string? LastError { get; init; }

    public string? LastExecutionId { get; init; }

    public DateTimeOffset? AcknowledgedAt { get; init; }

    public string? AcknowledgedBy { get; init; }

    public DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>Why it was closed without a recovery; null otherwise.</summary>
    public string? ClosedBecause { get; init; }

    /// <summary>The host or subject of the job's target.</summary>
    public required string Destination { get; init; }

    public required long Version { get; init; }
}

/// <summary>Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<IncidentState>))]
public enum IncidentState
{
    Open = 0,

    /// <summary>Somebody knows of it: nobody is told before it is over.</summary>
    Acknowledged = 1,

    Resolved = 2,
}
