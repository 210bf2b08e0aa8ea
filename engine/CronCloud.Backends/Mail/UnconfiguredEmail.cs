using CronCloud.Core.Alerts;

namespace CronCloud.Backends.Mail;

/// <summary>Email where no SMTP server is configured.</summary>
public sealed class UnconfiguredEmail : IChannelSender
{
    public bool Takes(Channel channel) => channel.Email is not null;

    public Task SendAsync(Channel channel, AlertMessage message, CancellationToken cancellation) =>
        throw new ChannelNotConfiguredException("There is no SMTP server to send mail by: set CronCloud__Smtp__Host and CronCloud__Smtp__From.");
}
