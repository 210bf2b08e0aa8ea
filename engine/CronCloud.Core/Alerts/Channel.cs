namespace CronCloud.Core.Alerts;

/// <summary>Where a tenant's people hear of trouble. Exactly one of the two is set.</summary>
public sealed record Channel
{
    public required string Tenant { get; init; }

    public required string Id { get; init; }

    public WebhookChannel? Webhook { get; init; }

    public EmailChannel? Email { get; init; }

    /// <summary>Every write makes a new version, one higher than the last.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public ChannelKind Kind => Email is null ? ChannelKind.Webhook : ChannelKind.Email;
}

/// <summary>By what its messages are brought. Explicit and append-only: these numbers are stored.</summary>
public enum ChannelKind
{
    Webhook = 0,
    Email = 1,
}

/// <summary>A POST of the message as JSON, signed, as an execution of CronCloud's own.</summary>
public sealed record WebhookChannel
{
    public required Uri Url { get; init; }
}

public sealed record EmailChannel
{
    /// <summary>1 to 20 addresses.</summary>
    public required IReadOnlyList<string> To { get; init; }
}
