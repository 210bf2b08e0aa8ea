using CronCloud.Backends.Mail;
using CronCloud.Backends.Sql;
using CronCloud.Core.Alerts;
using CronCloud.Engine.Alerts;
using CronCloud.Engine.Clocks;
using CronCloud.Engine.Due;

namespace CronCloud.Node.Hosting;

/// <summary>Channels and their senders, where the record and the due index are; and the heartbeat, where partitions are scanned.</summary>
internal static class AlertHosting
{
    public static void AddChannels(this IServiceCollection services, NodeSettings settings)
    {
        if (!settings.Has("gateway") && !settings.Has("scheduler"))
            return;
        services.AddSingleton(new AlertLinks(settings.Alerts.PublicUrl));
        services.AddSingleton<IChannelStore, SqlChannelStore>();
        services.AddSingleton<IChannelSender, WebhookSender>();
        if (settings.Alerts.Smtp is { } smtp)
            services.AddSingleton<IChannelSender>(s => new EmailSender(smtp, s.GetRequiredService<AlertLinks>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<EmailSender>>()));
        else
            services.AddSingleton<IChannelSender, UnconfiguredEmail>();
    }

    /// <summary>The URL is the operator's own, so it may be anywhere, and may redirect.</summary>
    public static void AddHeartbeatPing(this IServiceCollection services, NodeSettings settings)
    {
        if (settings.Alerts.Heartbeat is not { } heartbeat)
            return;
        services.AddSingleton(s => new HeartbeatPing(
            heartbeat,
            s.GetRequiredService<PartitionOwner>(),
            s.GetRequiredService<ClockGuard>(),
            s.GetRequiredService<Checkpoints>(),
            new HttpMessageInvoker(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2), ConnectTimeout = TimeSpan.FromSeconds(5) }),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<HeartbeatPing>>()));
    }
}
