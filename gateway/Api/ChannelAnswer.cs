using CronCloud.Core.Alerts;

namespace CronCloud.Gateway.Api;

/// <summary>A channel as the API shows it.</summary>
internal sealed record ChannelAnswer
{
    public required string Id { get; init; }

    public WebhookChannel? Webhook { get; init; }

    public EmailChannel? Email { get; init; }

    /// <summary>What its messages are signed by; told once, by the answer to the write that made it a webhook.</summary>
    public string? Secret { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static ChannelAnswer Of(Channel channel) => new()
    {
        Id = channel.Id,
        Webhook = channel.Webhook,
        Email = channel.Email,
        Version = channel.Version,
        CreatedAt = channel.CreatedAt,
        UpdatedAt = channel.UpdatedAt,
    };
}
