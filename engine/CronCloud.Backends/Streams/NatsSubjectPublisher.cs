using CronCloud.Core.Executions;
using NATS.Client.Core;

namespace CronCloud.Backends.Streams;

/// <summary>Publishes to subjects. That the server has messages is known by one round trip behind them.</summary>
public sealed class NatsSubjectPublisher(JetStreamConnection connection) : ISubjectPublisher
{
    public async Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation)
    {
        foreach (var message in messages)
            await connection.Nats.PublishAsync(message.Subject, message.Payload, cancellationToken: cancellation);
    }

    public async Task<IReadOnlyList<string?>> PublishAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation)
    {
        var errors = new string?[messages.Count];
        for (var i = 0; i < errors.Length; i++)
            errors[i] = await TrySendAsync(messages[i], cancellation);
        await connection.Nats.PingAsync(cancellation);
        return errors;
    }

    /// <summary>Null, or why the client did not send it: it may be larger than the server takes.</summary>
    private async ValueTask<string?> TrySendAsync(SubjectMessage message, CancellationToken cancellation)
    {
        var headers = new NatsHeaders();
        foreach (var (name, value) in message.Headers)
            headers[name] = value;
        try
        {
            await connection.Nats.PublishAsync(message.Subject, message.Payload, headers, cancellationToken: cancellation);
            return null;
        }
        catch (Exception refused) when (refused is NatsException or ArgumentException)
        {
            return refused.Message;
        }
    }
}
