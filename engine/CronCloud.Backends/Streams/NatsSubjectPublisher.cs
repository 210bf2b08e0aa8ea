using CronCloud.Core.Executions;
using NATS.Client.Core;

namespace CronCloud.Backends.Streams;

/// <summary>Publishes to subjects. That the server has messages is known by one round trip behind them, on the connection that they went by.</summary>
public sealed class NatsSubjectPublisher(JetStreamConnection connection) : ISubjectPublisher
{
    /// <summary>About so many bytes go ahead of a round trip: a slow connection has confirmed some by the time others fail.</summary>
    private const int MostBytes = 1 << 20;

    private const string Broken = "the connection to the NATS server broke before it had confirmed the message";

    /// <summary>The server counts its clients: each connection is another one.</summary>
    private (string? Server, ulong? Client) Connected => (connection.Nats.ServerInfo?.Id, connection.Nats.ServerInfo?.ClientId);

    public async Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation)
    {
        foreach (var message in messages)
            await connection.Nats.PublishAsync(message.Subject, message.Payload, HeadersOf(message), cancellationToken: cancellation);
    }

    public async Task<IReadOnlyList<string?>> PublishAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation)
    {
        var errors = new string?[messages.Count];
        for (var (from, until) = (0, 0); from < messages.Count; from = until)
        {
            for (var bytes = 0; until < messages.Count && (until == from || bytes + messages[until].Payload.Length <= MostBytes); until++)
                bytes += messages[until].Payload.Length;
            if (await TryPublishAsync(messages, from, until, errors, cancellation) is not { } unknown)
                continue;
            for (var i = from; i < messages.Count; i++)
                errors[i] ??= unknown;
            break;
        }

        return errors;
    }

    /// <summary>Null, or why they are not known to be there. Another connection's answer says nothing of what went by the one before.</summary>
    private async Task<string?> TryPublishAsync(IReadOnlyList<SubjectMessage> messages, int from, int until, string?[] errors, CancellationToken cancellation)
    {
        var before = Connected;
        try
        {
            for (var i = from; i < until; i++)
                errors[i] = await TrySendAsync(messages[i], cancellation);
            return await AskAsync(cancellation) ?? (Connected == before ? null : Broken);
        }
        catch (OperationCanceledException) when (from > 0)
        {
            return Broken;
        }
    }

    /// <summary>Null when the server answers, or why not. When the connection breaks meanwhile, the client cancels the round trip, which nobody asked for.</summary>
    private async Task<string?> AskAsync(CancellationToken cancellation)
    {
        try
        {
            await connection.Nats.PingAsync(cancellation);
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Broken;
        }
        catch (NatsException away)
        {
            return away.Message;
        }
    }

    /// <summary>Null, or why the client did not send it: it may be larger than the server takes.</summary>
    private async ValueTask<string?> TrySendAsync(SubjectMessage message, CancellationToken cancellation)
    {
        try
        {
            await connection.Nats.PublishAsync(message.Subject, message.Payload, HeadersOf(message), cancellationToken: cancellation);
            return null;
        }
        catch (Exception refused) when (refused is NatsException or ArgumentException)
        {
            return refused.Message;
        }
    }

    private static NatsHeaders? HeadersOf(SubjectMessage message)
    {
        if (message.Headers.Count == 0)
            return null;
        var headers = new NatsHeaders();
        foreach (var (name, value) in message.Headers)
            headers[name] = value;
        return headers;
    }
}
