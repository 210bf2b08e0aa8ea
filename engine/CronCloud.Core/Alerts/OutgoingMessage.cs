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

    /// <summary>Those of the channel's addresses that do not have it; empty while none has it.</summary>
    public IReadOnlyList<string> Remaining { get; init; } = [];

    /// <summary>How often it was claimed before, whatever came of it: one that ends its node counts too.</summary>
    public int Tries { get; init; }

    /// <summary>A claim makes a new one: only the latest claimant may say what came of it.</summary>
    public long Version { get; init; }

    /// <summary>The channel with the addresses that do not have the message yet; null when none is left.</summary>
    public Channel? LeftOf(Channel channel)
    {
        if (Remaining.Count == 0 || channel.Email is not { } email)
            return channel;
        var left = email.To.Where(Remaining.Contains).ToList();
        return left.Count > 0 ? channel with { Email = new EmailChannel { To = left } } : null;
    }

    /// <summary>Whether it was tried for so long that it is not again, though nobody said what came of it.</summary>
    public bool IsSpent(DateTimeOffset now) => Tries > 0 && now > Message.At + Patience;

    /// <summary>When it is tried again after a try that failed now; null when it is given up.</summary>
    public DateTimeOffset? RetryAt(DateTimeOffset now)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(Tries, 10));
        var next = now + (pause < LongestPause ? pause : LongestPause);
        return next <= Message.At + Patience ? next : null;
    }

    /// <summary>What is told in the life of each of its incidents.</summary>
    /// <param name="now">When.</param>
    /// <param name="undelivered">Why it never will be; null when it is.</param>
    /// <param name="by">What brings it from here; null when it is there.</param>
    public IReadOnlyList<IncidentEvent> Events(DateTimeOffset now, string? undelivered = null, string? by = null) =>
    [
        .. Incidents.Select(incident => new IncidentEvent
        {
            Tenant = Message.Tenant,
            IncidentId = incident,
            At = now,
            Kind = undelivered is not null ? IncidentEventKind.Undelivered : KindOf(Message.Kind),
            Channel = Channel,
            Detail = undelivered ?? by,
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
