namespace CronCloud.Core.Alerts;

/// <summary>A message on its way to a channel: the record keeps it until it is delivered or given up.</summary>
public sealed record OutgoingMessage
{
    /// <summary>For so long it is tried.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    public required AlertMessage Message { get; init; }

    public required string Channel { get; init; }

    /// <summary>All that it tells of, also those that the message only counts.</summary>
    public required IReadOnlyList<string> Incidents { get; init; }

    /// <summary>How often it was tried before.</summary>
    public int Tries { get; init; }

    /// <summary>A claim makes a new one: only the latest claimant may say what came of it.</summary>
    public long Version { get; init; }

    /// <summary>When it is tried again after a try that failed now; null when it is given up.</summary>
    public DateTimeOffset? RetryAt(DateTimeOffset now)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(Tries, 10));
        var next = now + (pause < LongestPause ? pause : LongestPause);
        return next <= Message.At + Patience ? next : null;
    }

    /// <summary>What is told in the life of each of its incidents.</summary>
    public IReadOnlyList<IncidentEvent> Events(DateTimeOffset now, string? undelivered = null) =>
    [
        .. Incidents.Select(incident => new IncidentEvent
        {
            Tenant = Message.Tenant,
            IncidentId = incident,
            At = now,
            Kind = undelivered is not null ? IncidentEventKind.Undelivered : KindOf(Message.Kind),
            Channel = Channel,
            Detail = undelivered,
        }),
    ];

    private static IncidentEventKind KindOf(AlertKind kind) => kind switch
    {
        AlertKind.Opened => IncidentEventKind.Notified,
        AlertKind.Reminder => IncidentEventKind.Reminded,
        AlertKind.Recovered => IncidentEventKind.RecoveryNotified,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "An incident is not told by it."),
    };
}
