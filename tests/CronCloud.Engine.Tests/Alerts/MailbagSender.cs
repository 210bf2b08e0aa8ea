using CronCloud.Core.Alerts;

namespace CronCloud.Engine.Tests.Alerts;

/// <summary>A sender of mail that keeps to whom it was to go, and hangs or refuses when told to.</summary>
internal sealed class MailbagSender : IChannelSender
{
    /// <summary>The addresses of each message, joined by commas.</summary>
    public List<string> To { get; } = [];

    public bool Hangs { get; init; }

    public IReadOnlyList<string> RefusesForNow { get; set; } = [];

    public bool Takes(Channel channel) => channel.Email is not null;

    public Task SendAsync(Channel channel, AlertMessage message, CancellationToken cancellation)
    {
        To.Add(string.Join(',', channel.Email!.To));
        if (Hangs)
            return new TaskCompletionSource().Task;
        return RefusesForNow.Count > 0 ? throw new ChannelFailedException("refused for now") { Remaining = RefusesForNow } : Task.CompletedTask;
    }
}
