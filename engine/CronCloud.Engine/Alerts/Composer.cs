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
        foreach (var channel in await notifications.ReadChannelsAsync(MostChannels, cancellation))
            await ComposeAsync(channel, cancellation);
    }

    private async Task ComposeAsync(WaitingChannel channel, CancellationToken cancellation)
    {
        var now = Now();
        var allowed = Allowance.At(now, channel.FullAt);
        if (allowed == 0)
        {
            await HoldAsync(channel, cancellation);
            return;
        }

        var waiting = await notifications.ReadWaitingAsync(channel.Tenant, channel.Channel, MostNews, cancellation);
        var composition = Composition.Of(waiting, allowed, now);
        if (composition.Messages.Count > 0 || composition.Dropped.Count > 0)
            await notifications.ComposeAsync(channel, composition, now, cancellation);
        if (composition.Held > 0)
            await HoldAsync(channel, cancellation);
    }

    private async Task HoldAsync(WaitingChannel channel, CancellationToken cancellation)
    {
        if (await notifications.HoldAsync(channel.Tenant, channel.Channel, cancellation) is > 0 and var held)
            AlertMetrics.Held(held);
    }

    /// <summary>To the millisecond, as everything that is stored.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
}
