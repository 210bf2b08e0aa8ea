using System.Globalization;
using CronCloud.Core.Json;

namespace CronCloud.Core.Alerts;

/// <summary>Something that happened to an incident. Never changed; the same one written twice is one.</summary>
public sealed record IncidentEvent
{
    public required string Tenant { get; init; }

    public required string IncidentId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required IncidentEventKind Kind { get; init; }

    /// <summary>The channel that was told, or was to be.</summary>
    public string? Channel { get; init; }

    /// <summary>Who acknowledged it.</summary>
    public string? By { get; init; }

    /// <summary>Of what opened it, or came to it.</summary>
    public TroubleKind? Trouble { get; init; }

    /// <summary>What the trouble is, why, or how a message is brought.</summary>
    public string? Detail { get; init; }

    /// <summary>Tells it from the incident's others.</summary>
    [JsonIgnore]
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{At.ToUnixTimeMilliseconds()}/{(int)Kind}/{Channel}/{(int?)Trouble}");
}

/// <summary>Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<IncidentEventKind>))]
public enum IncidentEventKind
{
    Opened = 0,

    /// <summary>Another kind of trouble came to it.</summary>
    Added = 1,

    /// <summary>A channel was told that it was opened.</summary>
    Notified = 2,

    /// <summary>A channel was told that it goes on.</summary>
    Reminded = 3,

    Acknowledged = 4,

    Recovered = 5,

    /// <summary>A channel was told that it is over.</summary>
    RecoveryNotified = 6,

    /// <summary>Closed without a recovery, and nobody is told.</summary>
    Closed = 7,

    /// <summary>A message to a channel was given up.</summary>
    Undelivered = 8,
}
