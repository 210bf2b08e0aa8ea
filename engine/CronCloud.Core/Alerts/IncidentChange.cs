namespace CronCloud.Core.Alerts;

/// <summary>What people make of an incident; outcomes and deletions do the rest (<see cref="HealthChange"/>). Pure.</summary>
/// <param name="Next">The incident as it will be.</param>
/// <param name="Event">What is told of it.</param>
public sealed record IncidentChange(Incident Next, IncidentEvent Event)
{
    /// <summary>Null when it is acknowledged already. A resolved one cannot be: ask before.</summary>
    public static IncidentChange? Acknowledged(Incident incident, string by, DateTimeOffset now) => incident.State switch
    {
        IncidentState.Open => new IncidentChange(
            incident with { State = IncidentState.Acknowledged, AcknowledgedAt = now, AcknowledgedBy = by, Version = incident.Version + 1 },
            new IncidentEvent { Tenant = incident.Tenant, IncidentId = incident.Id, At = now, Kind = IncidentEventKind.Acknowledged, By = by }),
        IncidentState.Acknowledged => null,
        _ => throw new ArgumentException("A resolved incident cannot be acknowledged.", nameof(incident)),
    };
}
