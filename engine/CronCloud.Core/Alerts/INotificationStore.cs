namespace CronCloud.Core.Alerts;

/// <summary>
/// The way of news to channels: due, addressed, composed into messages, delivered. Each step is one transaction that happens once, however many nodes try it; what a step
/// answers false to was done by another.
/// </summary>
public interface INotificationStore
{
    /// <summary>
    /// News without a channel that is due, the oldest first. It is due again when <paramref name="lease"/> has passed, and nobody else's before: nodes have different news, and
    /// what cannot be addressed is not in the way of what can.
    /// </summary>
    Task<IReadOnlyList<DueNews>> ClaimDueAsync(DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation);

    Task<bool> AddressAsync(Addressing addressing, CancellationToken cancellation);

    /// <summary>Channels that have news, and may have a message now.</summary>
    Task<IReadOnlyList<WaitingChannel>> ReadChannelsAsync(DateTimeOffset now, int limit, CancellationToken cancellation);

    /// <summary>A channel's news, the oldest first.</summary>
    Task<IReadOnlyList<WaitingNews>> ReadWaitingAsync(string tenant, string channel, int limit, CancellationToken cancellation);

    /// <summary>Messages take the place of their news, and use up what the channel may have, if that is as it was seen.</summary>
    Task<bool> ComposeAsync(WaitingChannel channel, Composition composition, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Uses up one of the messages that a channel may have; answers from when it may have one, if it may have none now.</summary>
    Task<DateTimeOffset?> UseAsync(string tenant, string channel, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Notes news as held back whose channel may have no message now; answers how much of it was not noted before.</summary>
    Task<int> HoldAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Messages to channels of the kind that are to be tried now; nobody else has them until <paramref name="lease"/> has passed. A claim counts as a try.</summary>
    Task<IReadOnlyList<ClaimedMessage>> ClaimAsync(ChannelKind kind, DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation);

    /// <summary>The message is over with, and its incidents' lives tell what came of it. False when its lease had passed and another has it.</summary>
    Task<bool> EndAsync(OutgoingMessage message, IReadOnlyList<IncidentEvent> events, CancellationToken cancellation);

    /// <summary>The message is tried again then, with those that remain of its addresses. False when its lease had passed and another has it.</summary>
    Task<bool> RetryAsync(OutgoingMessage message, DateTimeOffset at, CancellationToken cancellation);
}

/// <summary>News that is due, and its incident as it is now; reading that throws a <see cref="System.Text.Json.JsonException"/> when it cannot be.</summary>
public sealed record DueNews(Notification News, Func<Incident> ReadIncident)
{
    public Incident Incident => ReadIncident();
}

/// <summary>A message that is ours for a while; reading it throws a <see cref="System.Text.Json.JsonException"/> when it cannot be.</summary>
public sealed record ClaimedMessage(string Tenant, string Id, Func<OutgoingMessage> Read);

/// <summary>A channel that has news, and when it may have its whole burst again; null when it has it.</summary>
public sealed record WaitingChannel(string Tenant, string Channel, DateTimeOffset? FullAt)
{
    /// <summary>What its messages will be brought by.</summary>
    public ChannelKind Kind { get; init; }
}
