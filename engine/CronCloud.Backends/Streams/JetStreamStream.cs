using System.Collections.Concurrent;
using CronCloud.Core.Streams;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace CronCloud.Backends.Streams;

/// <summary>Publishing to and pulling from one stream of JetStream.</summary>
internal sealed class JetStreamStream(JetStreamConnection connection, string name, string subjectPrefix)
{
    private static readonly NatsJSPubOpts Once = NatsJSPubOpts.Default with { RetryAttempts = 1 };

    /// <summary>The client takes no shorter one.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, INatsJSConsumer> _consumers = [];

    public async Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation)
    {
        var published = await Task.WhenAll(messages.Select(message => PublishAsync(message, cancellation)));
        if (Array.Exists(published, result => result == Published.NoStream))
            await connection.ProvisionAsync(cancellation);
        return Array.ConvertAll(published, result => result == Published.Yes);
    }

    /// <summary>
    /// What is there now, else the first to come within the wait: the caller never holds more than it has room for. A server that was emptied does not
    /// answer a pull, and the client would wait for half a minute: after a moment more than the wait it is asked anew.
    /// </summary>
    public async Task<IReadOnlyList<Delivery>> PullAsync(string consumerName, int max, TimeSpan wait, CancellationToken cancellation)
    {
        var deliveries = new List<Delivery>();
        var expires = wait > ShortestWait ? wait : ShortestWait;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(expires + Patience);
        try
        {
            var consumer = await ConsumerAsync(consumerName, limit.Token);
            await foreach (var message in consumer.FetchNoWaitAsync<NatsMemoryOwner<byte>>(new NatsJSFetchOpts { MaxMsgs = max, Expires = ShortestWait }, cancellationToken: limit.Token))
                deliveries.Add(new JetStreamDelivery(message));
            if (deliveries.Count == 0 && await consumer.NextAsync<NatsMemoryOwner<byte>>(opts: new NatsJSNextOpts { Expires = expires }, cancellationToken: limit.Token) is { } next)
                deliveries.Add(new JetStreamDelivery(next));
            return deliveries;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            _consumers.TryRemove(consumerName, out _);
            return deliveries;
        }
        catch (NatsJSApiException missing) when (missing.Error.Code == 404)
        {
            _consumers.TryRemove(consumerName, out _);
            await connection.ProvisionAsync(cancellation);
            return [];
        }
    }

    public async Task<long> CountAsync(string consumerName, CancellationToken cancellation)
    {
        var info = (await connection.Context.GetConsumerAsync(name, consumerName, cancellation)).Info;
        return (long)info.NumPending + info.NumAckPending;
    }

    private async ValueTask<INatsJSConsumer> ConsumerAsync(string consumerName, CancellationToken cancellation)
    {
        if (!_consumers.TryGetValue(consumerName, out var consumer))
            _consumers[consumerName] = consumer = await connection.Context.GetConsumerAsync(name, consumerName, cancellation);
        return consumer;
    }

    private async Task<Published> PublishAsync(StreamMessage message, CancellationToken cancellation)
    {
        var result = await connection.Context.TryPublishAsync(subjectPrefix + message.Partition, message.Body, opts: Once with { MsgId = message.Id }, cancellationToken: cancellation);
        if (!result.Success)
            return result.Error is NatsJSPublishNoResponseException or NatsNoRespondersException ? Published.NoStream : Published.No;
        return result.Value.Error is null ? Published.Yes : Published.No;
    }

    private enum Published
    {
        No,
        Yes,
        NoStream,
    }
}
