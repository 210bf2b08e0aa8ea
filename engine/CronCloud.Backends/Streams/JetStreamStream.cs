using System.Collections.Concurrent;
using CronCloud.Core.Streams;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace CronCloud.Backends.Streams;

/// <summary>Publishing to and pulling from one stream of JetStream.</summary>
/// <param name="connection">The connection.</param>
/// <param name="setup">Which stream.</param>
/// <param name="recent">Keeps what was published, to publish it once more to a stream that was made anew; null where its loss is noticed otherwise.</param>
internal sealed class JetStreamStream(JetStreamConnection connection, JetStreamSetup setup, RecentMessages? recent = null)
{
    /// <summary>The client takes no shorter one.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, INatsJSConsumer> _consumers = [];
    private INatsJSStream? _stream;
    private ulong _lastSequence;

    /// <summary>The connection's losses, when the numbers of this stream began to count.</summary>
    private int _losses;

    /// <summary>And when what was published of late was published once more.</summary>
    private volatile int _reminded;

    public async Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation)
    {
        if (!await connection.IsReadyAsync(cancellation))
            return new bool[messages.Count];
        var (seen, losses) = (connection.Provisioned, connection.Losses);
        if (Interlocked.Exchange(ref _losses, losses) != losses)
            Interlocked.Exchange(ref _lastSequence, 0);
        var published = await SendAsync(messages, losses, cancellation);
        if (published.Any(state => state == PublishState.NoStream))
            await connection.ProvisionAsync(seen, cancellation);
        if (recent is not null)
            await RemindAsync(recent, messages.Where((_, i) => published[i] == PublishState.Stored), cancellation);
        return [.. published.Select(state => state == PublishState.Stored)];
    }

    /// <summary>
    /// After a loss of either stream: the server lets one whose readers were ahead of it go on from where they were, and nobody can tell what the slower ones had not read. What is not known to
    /// be there by then is told again by the next publish.
    /// </summary>
    private async Task RemindAsync(RecentMessages recent, IEnumerable<StreamMessage> published, CancellationToken cancellation)
    {
        var (losses, reminded) = (connection.Losses, _reminded);
        if (losses != reminded && Interlocked.CompareExchange(ref _reminded, losses, reminded) == reminded)
        {
            var isDone = false;
            try
            {
                isDone = (await SendAsync(recent.All, losses, cancellation)).All(state => state == PublishState.Stored);
            }
            finally
            {
                if (!isDone)
                    _reminded = reminded;
            }
        }

        recent.Add(published);
    }

    /// <summary>
    /// What is there now, else the first to come within the wait: the caller never holds more than it has room for. A server that was emptied does not
    /// answer a pull, and the client would wait for half a minute: after a moment more than the wait it is asked anew.
    /// </summary>
    public async Task<IReadOnlyList<JetStreamDelivery>> PullAsync(string consumerName, int max, TimeSpan wait, CancellationToken cancellation)
    {
        var deliveries = new List<JetStreamDelivery>();
        if (!await connection.IsReadyAsync(cancellation))
            return deliveries;
        var seen = connection.Provisioned;
        var expires = wait > ShortestWait ? wait : ShortestWait;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(expires + Patience);
        try
        {
            var consumer = await ConsumerAsync(consumerName, limit.Token);
            await foreach (var message in consumer.FetchNoWaitAsync<NatsMemoryOwner<byte>>(new NatsJSFetchOpts { MaxMsgs = max, Expires = ShortestWait }, cancellationToken: limit.Token))
                deliveries.Add(new JetStreamDelivery(message, connection));
            if (deliveries.Count == 0 && wait > TimeSpan.Zero && await consumer.NextAsync<NatsMemoryOwner<byte>>(opts: new NatsJSNextOpts { Expires = expires }, cancellationToken: limit.Token) is { } next)
                deliveries.Add(new JetStreamDelivery(next, connection));
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
            await connection.ProvisionAsync(seen, cancellation);
            return [];
        }
    }

    public async Task<long> CountAsync(string consumerName, CancellationToken cancellation)
    {
        using var unbroken = connection.WhileUnbroken(cancellation);
        var info = (await connection.Context.GetConsumerAsync(setup.Name, consumerName, unbroken.Token)).Info;
        return (long)info.NumPending + info.NumAckPending;
    }

    /// <summary>
    /// The oldest is the first beyond what the reader has acknowledged without a gap. Not the first of the stream: another reader may want that still, and a server whose disk was full
    /// keeps messages that were acknowledged, and hands them to nobody.
    /// </summary>
    public async Task<QueueState> ReadStateAsync(string consumerName, CancellationToken cancellation)
    {
        using var unbroken = connection.WhileUnbroken(cancellation);
        var reader = (await connection.Context.GetConsumerAsync(setup.Name, consumerName, unbroken.Token)).Info;
        var hasAny = (long)reader.NumPending + reader.NumAckPending > 0;
        return new QueueState((long)reader.NumPending, hasAny ? await FirstFromAsync(reader.AckFloor.StreamSeq + 1, unbroken.Token) : null);
    }

    /// <summary>When the first message was published that the reader was not given yet; null when it was given all.</summary>
    public async Task<DateTimeOffset?> ReadNextAsync(string consumerName, CancellationToken cancellation)
    {
        using var unbroken = connection.WhileUnbroken(cancellation);
        var reader = (await connection.Context.GetConsumerAsync(setup.Name, consumerName, unbroken.Token)).Info;
        return reader.NumPending > 0 ? await FirstFromAsync(reader.Delivered.StreamSeq + 1, unbroken.Token) : null;
    }

    /// <summary>When the first message from this number on was published; null when there is none.</summary>
    private async Task<DateTimeOffset?> FirstFromAsync(ulong sequence, CancellationToken cancellation)
    {
        try
        {
            _stream ??= await connection.Context.GetStreamAsync(setup.Name, cancellationToken: cancellation);
            return (await _stream.GetAsync(new StreamMsgGetRequest { Seq = sequence, NextBySubj = ">" }, cancellation)).Message.Time;
        }
        catch (NatsJSApiException none) when (none.Error.Code == 404)
        {
            return null;
        }
    }

    private async ValueTask<INatsJSConsumer> ConsumerAsync(string consumerName, CancellationToken cancellation)
    {
        if (_consumers.TryGetValue(consumerName, out var known))
            return known;
        using var unbroken = connection.WhileUnbroken(cancellation);
        return _consumers[consumerName] = await connection.Context.GetConsumerAsync(setup.Name, consumerName, unbroken.Token);
    }

    private async Task<IReadOnlyList<PublishState>> SendAsync(IReadOnlyList<StreamMessage> messages, int losses, CancellationToken cancellation)
    {
        var before = Interlocked.Read(ref _lastSequence);
        var acknowledgements = await connection.Publisher.PublishAsync(setup.SubjectPrefix, messages, cancellation);
        foreach (var acknowledgement in acknowledgements.Where(one => one is { State: PublishState.Stored, IsDuplicate: false }))
            Note(acknowledgement.Sequence, before, losses);
        return [.. acknowledgements.Select(one => one.State)];
    }

    /// <summary>A message that was sent after another was acknowledged has a higher number than it; if not, the stream is not the one that it was.</summary>
    private void Note(ulong sequence, ulong before, int losses)
    {
        if (sequence <= before)
        {
            Interlocked.Exchange(ref _lastSequence, sequence);
            connection.OnLoss(losses);
            return;
        }

        for (var last = Interlocked.Read(ref _lastSequence); last >= before && sequence > last; last = Interlocked.Read(ref _lastSequence))
        {
            if (Interlocked.CompareExchange(ref _lastSequence, sequence, last) == last)
                return;
        }
    }
}
