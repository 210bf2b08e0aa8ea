using CronCloud.Core.Executions;
using NATS.Client.Core;

namespace CronCloud.Backends.Streams;

/// <summary>Publishes to subjects. That the server has a message is known by a round trip behind it.</summary>
public sealed class NatsSubjectPublisher(JetStreamConnection connection) : ISubjectPublisher
{
    public async Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation)
    {
        foreach (var (subject, payload) in messages)
            await connection.Nats.PublishAsync(subject, payload, cancellationToken: cancellation);
    }

    public async Task PublishAsync(string subject, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        var natsHeaders = new NatsHeaders();
        foreach (var (name, value) in headers)
            natsHeaders[name] = value;
        await connection.Nats.PublishAsync(subject, payload, natsHeaders, cancellationToken: cancellation);
        await connection.Nats.PingAsync(cancellation);
    }
}
