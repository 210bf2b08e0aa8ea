using CronCloud.Core.Alerts;

namespace CronCloud.Engine.Alerts;

/// <summary>The second step of telling: a channel's news becomes messages, as many as it may have now.</summary>
public sealed class Composer(INotificationStore notifications, TimeProvider time)
{
    private const int MostChannels = 500;

    /// <summary>Of one channel at once: what is more comes with the next message.</summary>
    private const int MostNews = 5_000;

    public async Task RunOnceAsync(CancellationToken cancellation)
    {
        foreach (var channel in await notifications.ReadChannelsAsync(Now(), MostChannels, cancellation))
            await ComposeAsync(channel, cancellation);
        if (await notifications.HoldAsync(Now(), cancellation) is > 0 and var held)
            AlertMetrics.Held(held);
    }

    private async Task ComposeAsync(WaitingChannel channel, CancellationToken cancellation)
    {
        var now = Now();
        var waiting = await notifications.ReadWaitingAsync(channel.Tenant, channel.Channel, MostNews, cancellation);
        var composition = Composition.Of(waiting, Allowance.At(now, channel.FullAt), now);
        if (composition.Messages.Count > 0 || composition.Dropped.Count > 0)
            await notifications.ComposeAsync(channel, composition, now, cancellation);
    }

    /// <summary>To the millisecond, as everything that is stored.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
}
