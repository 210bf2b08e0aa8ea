using System.Text.Json;
using CronCloud.Core.Json;
using CronCloud.Core.Signatures;

namespace CronCloud.Core.Alerts;

/// <summary>A message as a webhook receives it. Fields are only ever added; what there is none of is left out.</summary>
public sealed record AlertPayload
{
    /// <summary>More jobs are counted, not told, so that a body stays small.</summary>
    private const int MaxItems = 50;
    private const int MaxSummary = 500;
    private const int MaxError = 1_000;

    public required string Type { get; init; }

    /// <summary>The same as <c>webhook-id</c>.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Tenant { get; init; }

    public string? Destination { get; init; }

    public required IReadOnlyList<IncidentPayload> Incidents { get; init; }

    public required int Omitted { get; init; }

    public static JsonElement Of(AlertMessage message, AlertLinks links) => JsonSerializer.SerializeToElement(
        new AlertPayload
        {
            Type = message.Kind switch
            {
                AlertKind.Opened => "incident.opened",
                AlertKind.Reminder => "incident.reminder",
                AlertKind.Recovered => "incident.recovered",
                AlertKind.Test => "test",
                _ => throw new ArgumentOutOfRangeException(nameof(message), message.Kind, "No such kind."),
            },
            Id = StandardWebhooks.MessageIdOf(message.Id),
            At = message.At,
            Tenant = message.Tenant,
            Destination = message.Destination,
            Incidents = [.. message.Items.Take(MaxItems).Select(item => IncidentOf(item, links))],
            Omitted = message.Omitted + Math.Max(0, message.Items.Count - MaxItems),
        },
        CoreJson.Options);

    private static IncidentPayload IncidentOf(AlertItem item, AlertLinks links) => new()
    {
        Id = item.IncidentId,
        JobId = item.JobId,
        Summary = Cut(item.Summary, MaxSummary),
        Since = item.Since,
        Until = item.Until,
        ExecutionId = item.ExecutionId,
        LastError = item.LastError is { } error ? Cut(error, MaxError) : null,
        Links = links.Incident(item.IncidentId) is { } incident ? new LinksPayload(incident, links.Executions(item.JobId)!, links.Job(item.JobId)!) : null,
    };

    /// <summary>JSON encodes whatever there is; only its length is ours to mind.</summary>
    private static string Cut(string text, int maxLength) => text.Length > maxLength ? OneLine.Of(text, maxLength) : text;
}

public sealed record IncidentPayload
{
    public required string Id { get; init; }

    public required string JobId { get; init; }

    public required string Summary { get; init; }

    public required DateTimeOffset Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    public string? ExecutionId { get; init; }

    public string? LastError { get; init; }

    public LinksPayload? Links { get; init; }
}

public sealed record LinksPayload(string Incident, string Executions, string Job);
