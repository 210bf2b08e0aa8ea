using System.Globalization;

namespace CronCloud.Core.Alerts;

/// <summary>
/// News of an incident that somebody is to be told, kept in the record together with what it is news of. First it has no channel; when it is due, one is made of it for each
/// channel that the job has then.
/// </summary>
public sealed record Notification
{
    /// <summary>The same whoever makes it.</summary>
    public required string Id { get; init; }

    public required string Tenant { get; init; }

    public required string JobId { get; init; }

    public required string IncidentId { get; init; }

    public required AlertKind Kind { get; init; }

    public required DateTimeOffset Due { get; init; }

    public string? Channel { get; init; }

    public static Notification Of(Incident incident, AlertKind kind, DateTimeOffset due) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{incident.Id}/{(int)kind}/{due.ToUnixTimeMilliseconds()}"),
        Tenant = incident.Tenant,
        JobId = incident.JobId,
        IncidentId = incident.Id,
        Kind = kind,
        Due = due,
    };

    public Notification For(string channel) => this with { Id = $"{Id}/{channel}", Channel = channel };

    /// <summary>
    /// Whether it is still to be told. The opening and reminders are not once somebody knows, or all is over: then the message of the recovery tells of both.
    /// </summary>
    public bool IsWanted(Incident incident) => Kind == AlertKind.Recovered || incident.State == IncidentState.Open;
}
