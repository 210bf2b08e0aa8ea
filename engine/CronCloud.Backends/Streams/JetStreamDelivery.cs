using CronCloud.Core.Streams;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace CronCloud.Backends.Streams;

/// <summary>
/// A message of JetStream, with a copy of its body: the client's buffer goes back to its pool at once. Once the stream has lost something, another message may have its number: it is left alone then, and
/// comes again if it is still there.
/// </summary>
internal sealed class JetStreamDelivery : Delivery
{
    private readonly INatsJSMsg<NatsMemoryOwner<byte>> _message;
    private readonly JetStreamConnection _connection;
    private readonly int _losses;

    public JetStreamDelivery(INatsJSMsg<NatsMemoryOwner<byte>> message, JetStreamConnection connection)
    {
        (_message, _connection, _losses) = (message, connection, connection.Losses);
        using var owner = message.Data;
        Body = owner.Memory.ToArray();
        Count = (int)(message.Metadata?.NumDelivered ?? 1);
    }

    /// <summary>Its publisher's id; null when it had none.</summary>
    public string? Id => _message.Headers?.TryGetValue("Nats-Msg-Id", out var id) == true ? id.ToString() : null;

    public override ReadOnlyMemory<byte> Body { get; }

    public override int Count { get; }

    public override async ValueTask AcknowledgeAsync(CancellationToken cancellation)
    {
        if (!await _connection.IsReadyAsync(cancellation))
            throw new IOException("NATS is away: what was delivered cannot be acknowledged.");
        if (!IsLost)
            await _message.AckAsync(cancellationToken: cancellation);
    }

    /// <summary>Not while the server is away: it counts no time then.</summary>
    public override async ValueTask ExtendAsync(CancellationToken cancellation)
    {
        if (await _connection.IsReadyAsync(cancellation) && !IsLost)
            await _message.AckProgressAsync(cancellationToken: cancellation);
    }

    /// <summary>Not while the server is away: it comes again by itself.</summary>
    public override async ValueTask ReturnAsync(TimeSpan pause, CancellationToken cancellation)
    {
        if (await _connection.IsReadyAsync(cancellation) && !IsLost)
            await _message.NakAsync(new AckOpts { NakDelay = pause }, cancellation);
    }

    private bool IsLost => _connection.Losses != _losses;
}
