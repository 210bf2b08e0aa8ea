using CronCloud.Core.Json;

namespace CronCloud.Core.Alerts;

/// <summary>What is sent through a channel: one incident's news, or that of several at once.</summary>
public sealed record AlertMessage
{
    /// <summary>The same however often it is sent: receivers tell a repeated one by it.</summary>
    public required string Id { get; init; }

    public required string Tenant { get; init; }

    public required AlertKind Kind { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The jobs in trouble, or out of it; one at least, but for a test.</summary>
    public required IReadOnlyList<AlertItem> Items { get; init; }

    /// <summary>How many more there are that are not among the items.</summary>
    public int Omitted { get; init; }

    /// <summary>The host or subject, when it is what all of them have in common.</summary>
    public string? Destination { get; init; }
}

/// <summary>What a message has to say of one job.</summary>
public sealed record AlertItem
{
    public required string IncidentId { get; init; }

    public required string JobId { get; init; }

    /// <summary>What the trouble is, in a sentence: “3 executions in a row failed”.</summary>
    public required string Summary { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary>When it was over; null while it goes on.</summary>
    public DateTimeOffset? Until { get; init; }

    public string? ExecutionId { get; init; }

    public string? LastError { get; init; }
}

/// <summary>Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<AlertKind>))]
public enum AlertKind
{
    Opened = 0,
    Reminder = 1,
    Recovered = 2,
    Test = 3,
}
