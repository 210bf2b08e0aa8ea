using System.Text.Json.Serialization;
using CronCloud.Core.Alerts;

namespace CronCloud.Gateway.Api;

/// <summary>An incident as lists show it.</summary>
internal class IncidentAnswer(Incident incident)
{
    public string Id { get; } = incident.Id;

    public string JobId { get; } = incident.JobId;

    public IncidentState State { get; } = incident.State;

    /// <summary>What was wrong since it was opened, the first one first.</summary>
    public IReadOnlyList<TroubleKind> Kinds { get; } = incident.Kinds;

    public string Summary { get; } = incident.Summary;

    public DateTimeOffset OpenedAt { get; } = incident.OpenedAt;

    public DateTimeOffset LastSeenAt { get; } = incident.LastSeenAt;

    /// <summary>Executions that failed in a row.</summary>
    public int ConsecutiveFailures { get; } = incident.Failures;

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? LastError { get; } = incident.LastError;

    public string? LastExecutionId { get; } = incident.LastExecutionId;

    /// <summary>The host or subject of the job's target.</summary>
    public string Destination { get; } = incident.Destination;

    public DateTimeOffset? AcknowledgedAt { get; } = incident.AcknowledgedAt;

    public string? AcknowledgedBy { get; } = incident.AcknowledgedBy;

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public DateTimeOffset? ResolvedAt { get; } = incident.ResolvedAt;

    /// <summary>Why it ended without a recovery.</summary>
    public string? ClosedBecause { get; } = incident.ClosedBecause;
}

/// <summary>An incident with its life: what happened to it, and which channels were told when.</summary>
internal sealed class WholeIncidentAnswer(Incident incident, IReadOnlyList<IncidentEvent> events) : IncidentAnswer(incident)
{
    public IEnumerable<IncidentEventAnswer> Events { get; } = events.Select(e => new IncidentEventAnswer(e));
}

/// <summary>Something that happened to an incident.</summary>
internal sealed class IncidentEventAnswer(IncidentEvent @event)
{
    public DateTimeOffset At { get; } = @event.At;

    public IncidentEventKind Event { get; } = @event.Kind;

    /// <summary>The channel that was told, or was to be.</summary>
    public string? Channel { get; } = @event.Channel;

    public string? By { get; } = @event.By;

    public string? Detail { get; } = @event.Detail;
}
