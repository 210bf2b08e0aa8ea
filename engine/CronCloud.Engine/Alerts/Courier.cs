using CronCloud.Core.Alerts;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>
/// The last step of telling: messages go to their channels. Each is claimed for a while first, so that one node has it at a time; a node that dies with it, or after it was
/// sent and before that was noted, leaves it to the next, which sends the same message.
/// </summary>
public sealed partial class Courier(INotificationStore notifications, IChannelStore channels, IEnumerable<IChannelSender> senders, TimeProvider time, ILogger<Courier> logger)
{
    /// <summary>Sent side by side: a server that does not answer holds up no more than these.</summary>
    private const int BatchSize = 16;

    /// <summary>Longer than a sender's own limit, which says more of what went wrong.</summary>
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(50);

    /// <summary>Longer than a send and what follows it can take.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private readonly List<IChannelSender> _senders = [.. senders];

    /// <summary>True when there may be more.</summary>
    public async Task<bool> RunOnceAsync(CancellationToken cancellation)
    {
        var messages = await notifications.ClaimAsync(time.GetUtcNow(), Lease, BatchSize, cancellation);
        await Task.WhenAll(messages.Select(message => DeliverAsync(message, cancellation)));
        return messages.Count == BatchSize;
    }

    private async Task DeliverAsync(OutgoingMessage message, CancellationToken cancellation)
    {
        var (tenant, id) = (message.Message.Tenant, message.Message.Id);
        if (await channels.FindAsync(tenant, message.Channel, cancellation) is not { } channel)
        {
            if (await notifications.EndAsync(message, message.Events(Now(), undelivered: "there is no such channel"), cancellation))
                LogNoChannel(id, tenant, message.Channel);
            return;
        }

        try
        {
            await SendAsync(channel, message, cancellation);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            await FailAsync(message, failure, cancellation);
            return;
        }

        if (!await notifications.EndAsync(message, message.Events(Now()), cancellation))
            return;
        AlertMetrics.Sent(message.Message.Kind);
        LogSent(id, tenant, message.Channel, message.Message.Kind, message.Incidents.Count);
    }

    private async Task SendAsync(Channel channel, OutgoingMessage message, CancellationToken cancellation)
    {
        var sender = _senders.Find(s => s.Takes(channel)) ?? throw new InvalidOperationException("nothing here sends to a channel of its kind");
        using var limit = new CancellationTokenSource(SendLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await sender.SendAsync(channel, message.Message, either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {SendLimit.TotalSeconds} s", late);
        }
    }

    private async Task FailAsync(OutgoingMessage message, Exception failure, CancellationToken cancellation)
    {
        var (tenant, id) = (message.Message.Tenant, message.Message.Id);
        if (message.RetryAt(Now()) is { } again)
        {
            if (!await notifications.RetryAsync(message, again, cancellation))
                return;
            AlertMetrics.Failed(isGivenUp: false);
            LogFailed(id, tenant, message.Channel, message.Tries + 1, failure.GetType().Name, failure.Message, again);
            return;
        }

        if (!await notifications.EndAsync(message, message.Events(Now(), undelivered: failure.Message), cancellation))
            return;
        AlertMetrics.Failed(isGivenUp: true);
        LogGivenUp(id, tenant, message.Channel, message.Tries + 1, failure.GetType().Name, failure.Message);
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
}
