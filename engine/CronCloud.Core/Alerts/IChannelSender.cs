namespace CronCloud.Core.Alerts;

/// <summary>Brings messages to one kind of channel.</summary>
public interface IChannelSender
{
    /// <summary>Whether the channel is of its kind.</summary>
    bool Takes(Channel channel);

    /// <summary>
    /// Returns when the message is delivered, or kept by something that goes on until it is; an exception says why it is not. Sending it again with the same id is the
    /// same message to the receiver.
    /// </summary>
    Task SendAsync(Channel channel, AlertMessage message, CancellationToken cancellation);
}
