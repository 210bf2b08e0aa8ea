using System.Text.Json;
using CronCloud.Core.Alerts;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>The second step of telling: a channel's news becomes messages, as many as it may have now.</summary>
public sealed partial class Composer(INotificationStore notifications, IChannelStore channels, TimeProvider time, ILogger<Composer> logger)
{
    private const int MostChannels = 500;

    /// <summary>Of one channel at once: what is more comes with the next message.</summary>
    private const int MostNews = 20_000;

    public async Task RunOnceAsync(CancellationToken cancellation)
    {
        foreach (var channel in await notifications.ReadChannelsAsync(Now(), MostChannels, cancellation))
        {
            try
            {
                await ComposeAsync(channel, cancellation);
            }
            catch (JsonException unreadable)
            {
                LogUnreadable(channel.Tenant, channel.Channel, unreadable.Message);
            }
        }

        if (await notifications.HoldAsync(Now(), cancellation) is > 0 and var held)
            AlertMetrics.Held(held);
    }

    private async Task ComposeAsync(WaitingChannel channel, CancellationToken cancellation)
    {
        var now = Now();
        var waiting = await notifications.ReadWaitingAsync(channel.Tenant, channel.Channel, MostNews, cancellation);
        var composition = Composition.Of(waiting, Allowance.At(now, channel.FullAt), now);
        if (composition.Messages.Count > 0 || composition.Dropped.Count > 0)
        {
            var kind = (await channels.FindAsync(channel.Tenant, channel.Channel, cancellation))?.Kind ?? ChannelKind.Webhook;
            await notifications.ComposeAsync(channel with { Kind = kind }, composition, now, cancellation);
        }
    }

    /// <summary>To the millisecond, as everything that is stored.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    [LoggerMessage(EventId = 1707, Level = LogLevel.Error, Message = "News for channel {Tenant}/{Channel} waits, since an incident of it cannot be read: {Reason}")]
    private partial void LogUnreadable(string tenant, string channel, string reason);
}
