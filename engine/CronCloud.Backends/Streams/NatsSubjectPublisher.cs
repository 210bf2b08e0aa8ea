using CronCloud.Core.Executions;
using NATS.Client.Core;

namespace CronCloud.Backends.Streams;

/// <summary>Publishes to a subject, and returns when the server has the message (a round trip behind it).</summary>
public sealed class NatsSubjectPublisher(JetStreamConnection connection) : ISubjectPublisher
{
    public async Task PublishAsync(string subject, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        var natsHeaders = new NatsHeaders();
        foreach (var (name, value) in headers)
            natsHeaders[name] = value;
        await connection.Nats.PublishAsync(subject, payload, natsHeaders, cancellationToken: cancellation);
        await connection.Nats.PingAsync(cancellation);
    }
}
