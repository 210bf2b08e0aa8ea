using System.Text.Json;
using CronCloud.Core.Alerts;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>
/// The last step of telling: messages go to their channels. Each is claimed for a while first, so that one node has it at a time; a node that dies with it, or after it was
/// sent and before that was noted, leaves it to the next, which sends the same message. Each kind of channel has its own: a mail server that is slow holds up no webhook.
/// </summary>
public sealed partial class Courier(ChannelKind kind, INotificationStore notifications, IChannelStore channels, IEnumerable<IChannelSender> senders, TimeProvider time, ILogger<Courier> logger) : ILoop
{
    /// <summary>Sent side by side.</summary>
    private const int BatchSize = 16;

    /// <summary>Longer than a sender's own limit, which says more of what went wrong.</summary>
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(50);

    /// <summary>Longer than a send and what comes before and after it can take.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly List<IChannelSender> _senders = [.. senders];

    public string Name => $"{kind.ToString().ToLowerInvariant()} courier";

    /// <summary>A send that does not end is given up before, and its lease ends after.</summary>
    public TimeSpan Limit => TimeSpan.FromSeconds(90);

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var messages = await notifications.ClaimAsync(kind, time.GetUtcNow(), Lease, BatchSize, cancellation);
        await Task.WhenAll(messages.Select(message => DeliverAsync(message, cancellation)));
        return messages.Count == BatchSize ? TimeSpan.Zero : Pause;
    }

    private async Task DeliverAsync(ClaimedMessage claimed, CancellationToken cancellation)
    {
        OutgoingMessage message;
        try
        {
            message = claimed.Read();
        }
        catch (JsonException unreadable)
        {
            LogUnreadable(claimed.Id, claimed.Tenant, unreadable.Message);
            return;
        }

        if (message.IsSpent(Now()))
            await GiveUpAsync(message, new TimeoutException("no try came to an end"), cancellation);
        else
            await DeliverAsync(message, cancellation);
    }

    private async Task DeliverAsync(OutgoingMessage message, CancellationToken cancellation)
    {
        var (tenant, id, channel) = (message.Message.Tenant, message.Message.Id, default(Channel));
        try
        {
            channel = await channels.FindAsync(tenant, message.Channel, cancellation);
            if (channel is not null)
                await SendAsync(channel, message, cancellation);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            await FailAsync(message, failure, cancellation);
            return;
        }

        if (!await notifications.EndAsync(message, message.Events(Now(), undelivered: channel is null ? "there is no such channel" : null, by: HowBrought(channel, message)), cancellation))
            return;
        if (channel is null)
        {
            LogNoChannel(id, tenant, message.Channel);
            return;
        }

        AlertMetrics.Sent(message.Message.Kind);
        LogSent(id, tenant, message.Channel, message.Message.Kind, message.Incidents.Count);
    }

    /// <summary>A webhook is on its way by an execution, whose own life tells whether it arrives.</summary>
    private static string? HowBrought(Channel? channel, OutgoingMessage message) =>
        channel?.Webhook is null ? null : $"queued as execution {WebhookSender.ExecutionIdOf(channel, message.Message)}";

    private async Task SendAsync(Channel channel, OutgoingMessage message, CancellationToken cancellation)
    {
        if (message.LeftOf(channel) is not { } left)
            return;
        var sender = _senders.Find(s => s.Takes(left)) ?? throw new InvalidOperationException("nothing here sends to a channel of its kind");
        using var limit = new CancellationTokenSource(SendLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await sender.SendAsync(left, message.Message, either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {SendLimit.TotalSeconds} s", late);
        }
    }

    private async Task FailAsync(OutgoingMessage message, Exception failure, CancellationToken cancellation)
    {
        if (message.RetryAt(Now()) is not { } again)
        {
            await GiveUpAsync(message, failure, cancellation);
            return;
        }

        var rest = failure is ChannelFailedException { Remaining: { Count: > 0 } remaining } ? message with { Remaining = remaining } : message;
        if (!await notifications.RetryAsync(rest, again, cancellation))
            return;
        AlertMetrics.Failed(isGivenUp: false);
        LogFailed(message.Message.Id, message.Message.Tenant, message.Channel, message.Tries + 1, failure.GetType().Name, failure.Message, again);
    }

    private async Task GiveUpAsync(OutgoingMessage message, Exception failure, CancellationToken cancellation)
    {
        if (!await notifications.EndAsync(message, message.Events(Now(), undelivered: failure.Message), cancellation))
            return;
        AlertMetrics.Failed(isGivenUp: true);
        LogGivenUp(message.Message.Id, message.Message.Tenant, message.Channel, message.Tries + 1, failure.GetType().Name, failure.Message);
    }

    /// <summary>To the millisecond, as everything that is stored.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    [LoggerMessage(EventId = 1801, Level = LogLevel.Information, Message = "Message {Message} ({Kind}, {Incidents} incidents) went to channel {Tenant}/{Channel}")]
    private partial void LogSent(string message, string tenant, string channel, AlertKind kind, int incidents);

    [LoggerMessage(EventId = 1802, Level = LogLevel.Warning, Message = "Message {Message} is dropped: there is no channel {Tenant}/{Channel}")]
    private partial void LogNoChannel(string message, string tenant, string channel);

    [LoggerMessage(EventId = 1803, Level = LogLevel.Warning, Message = "Message {Message} to channel {Tenant}/{Channel} failed ({Tries}) and is tried again at {Again:HH:mm:ss}: {Kind}: {Reason}")]
    private partial void LogFailed(string message, string tenant, string channel, int tries, string kind, string reason, DateTimeOffset again);

    [LoggerMessage(EventId = 1804, Level = LogLevel.Error, Message = "Message {Message} to channel {Tenant}/{Channel} is given up after {Tries} tries: {Kind}: {Reason}")]
    private partial void LogGivenUp(string message, string tenant, string channel, int tries, string kind, string reason);

    [LoggerMessage(EventId = 1807, Level = LogLevel.Error, Message = "Message {Message} of tenant {Tenant} cannot be read and is put off: {Reason}")]
    private partial void LogUnreadable(string message, string tenant, string reason);
}
