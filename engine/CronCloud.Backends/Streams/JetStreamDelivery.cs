using CronCloud.Core.Streams;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace CronCloud.Backends.Streams;

/// <summary>A message of JetStream, with a copy of its body: the client's buffer goes back to its pool at once.</summary>
internal sealed class JetStreamDelivery : Delivery
{
    private readonly INatsJSMsg<NatsMemoryOwner<byte>> _message;

    public JetStreamDelivery(INatsJSMsg<NatsMemoryOwner<byte>> message)
    {
        _message = message;
        using var owner = message.Data;
        Body = owner.Memory.ToArray();
        Count = (int)(message.Metadata?.NumDelivered ?? 1);
    }

    /// <summary>Its publisher's id; null when it had none.</summary>
    public string? Id => _message.Headers?.TryGetValue("Nats-Msg-Id", out var id) == true ? id.ToString() : null;

    public override ReadOnlyMemory<byte> Body { get; }

    public override int Count { get; }

    public override ValueTask AcknowledgeAsync(CancellationToken cancellation) => _message.AckAsync(cancellationToken: cancellation);

    public override ValueTask ExtendAsync(CancellationToken cancellation) => _message.AckProgressAsync(cancellationToken: cancellation);

    public override ValueTask ReturnAsync(TimeSpan pause, CancellationToken cancellation) => _message.NakAsync(new AckOpts { NakDelay = pause }, cancellation);
}
