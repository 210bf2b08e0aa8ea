namespace CronCloud.Core.Alerts;

/// <summary>
/// The way of news to channels: due, addressed, composed into messages, delivered. Each step is one transaction that happens once, however many nodes try it; what a step
/// answers false to was done by another.
/// </summary>
public interface INotificationStore
{
    /// <summary>News without a channel that is due, the oldest first.</summary>
    Task<IReadOnlyList<WaitingNews>> ReadDueAsync(DateTimeOffset now, int limit, CancellationToken cancellation);

    Task<bool> AddressAsync(Addressing addressing, CancellationToken cancellation);

    /// <summary>Channels that have news, and may have a message now.</summary>
    Task<IReadOnlyList<WaitingChannel>> ReadChannelsAsync(DateTimeOffset now, int limit, CancellationToken cancellation);

    /// <summary>A channel's news, the oldest first.</summary>
    Task<IReadOnlyList<WaitingNews>> ReadWaitingAsync(string tenant, string channel, int limit, CancellationToken cancellation);

    /// <summary>Messages take the place of their news, and use up what the channel may have, if that is as it was seen.</summary>
    Task<bool> ComposeAsync(WaitingChannel channel, Composition composition, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Notes news as held back whose channel may have no message now; answers how much of it was not noted before.</summary>
    Task<int> HoldAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Messages that are to be tried now; nobody else has them until <paramref name="lease"/> has passed.</summary>
    Task<IReadOnlyList<OutgoingMessage>> ClaimAsync(DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation);

    /// <summary>The message is over with, and its incidents' lives tell what came of it. False when its lease had passed and another has it.</summary>
    Task<bool> EndAsync(OutgoingMessage message, IReadOnlyList<IncidentEvent> events, CancellationToken cancellation);

    /// <summary>The message is tried again then. False when its lease had passed and another has it.</summary>
    Task<bool> RetryAsync(OutgoingMessage message, DateTimeOffset at, CancellationToken cancellation);
}

/// <summary>A channel that has news, and when it may have its whole burst again; null when it has it.</summary>
public sealed record WaitingChannel(string Tenant, string Channel, DateTimeOffset? FullAt);
