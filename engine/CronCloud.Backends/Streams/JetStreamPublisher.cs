using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using CronCloud.Core.Streams;
using NATS.Client.Core;

namespace CronCloud.Backends.Streams;

/// <summary>
/// Sends messages to JetStream and hears what becomes of each. The client's own publication has a task, a timer and a turn on the thread pool for every message; here those that are sent
/// together share one of each, and acknowledgements are read where they come in.
/// </summary>
internal sealed class JetStreamPublisher : NatsSubBase
{
    /// <summary>What has no acknowledgement by then has none.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<long, SentMessages> _sent = [];
    private readonly string _inbox;
    private long _last;

    private JetStreamPublisher(INatsConnection nats, string inbox)
        : base(nats, nats.SubscriptionManager, $"{inbox}.*.*", queueGroup: null, opts: null) => _inbox = inbox;

    public static async Task<JetStreamPublisher> OpenAsync(INatsConnection nats, CancellationToken cancellation)
    {
        // Below the prefix by which the client may be allowed to listen, but not below its own inbox: what comes there it takes for answers to its own requests.
        var publisher = new JetStreamPublisher(nats, $"{nats.Opts.InboxPrefix}.{Guid.NewGuid():N}");
        await nats.AddSubAsync(publisher, cancellation);
        nats.ConnectionDisconnected += (_, _) =>
        {
            publisher.GiveUp();
            return ValueTask.CompletedTask;
        };
        return publisher;
    }

    /// <summary>What became of each message, in their order.</summary>
    /// <param name="prefix">Of the stream's subjects; a partition's number follows.</param>
    /// <param name="messages">What to send.</param>
    /// <param name="cancellation">Ends the waiting; what was sent may be in the stream.</param>
    public async Task<IReadOnlyList<Acknowledgement>> PublishAsync(string prefix, IReadOnlyList<StreamMessage> messages, CancellationToken cancellation)
    {
        if (messages.Count == 0)
            return [];
        var number = Interlocked.Increment(ref _last);
        var sent = _sent[number] = new SentMessages(messages.Count);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            for (var i = 0; i < messages.Count && !sent.IsGivenUp; i++)
            {
                if (!await TrySendAsync(prefix, messages[i], string.Create(CultureInfo.InvariantCulture, $"{_inbox}.{number}.{i}"), limit.Token))
                    sent.Answer(i, Acknowledgement.Refused);
            }

            await sent.AllAnswered.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Whatever has no answer has none: the answers say so.
        }
        finally
        {
            _sent.TryRemove(number, out _);
        }

        return sent.Answers;
    }

    /// <summary>By the reader of the socket: it only notes what it read.</summary>
    protected override ValueTask ReceiveInternalAsync(string subject, string? replyTo, ReadOnlySequence<byte>? headersBuffer, ReadOnlySequence<byte> payloadBuffer)
    {
        var place = subject.AsSpan(_inbox.Length + 1);
        var dot = place.IndexOf('.');
        if (long.TryParse(place[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && int.TryParse(place[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && _sent.TryGetValue(number, out var sent))
        {
            sent.Answer(index, Acknowledgement.Of(payloadBuffer));
        }

        return ValueTask.CompletedTask;
    }

    protected override void TryComplete() => GiveUp();

    /// <summary>Acknowledgements do not come over another connection: what is sent once more is dropped by the stream where it has it.</summary>
    private void GiveUp()
    {
        foreach (var sent in _sent.Values)
            sent.GiveUp();
    }

    /// <summary>One that the client does not send, since it is larger than the server takes, keeps no other.</summary>
    private async ValueTask<bool> TrySendAsync(string prefix, StreamMessage message, string replyTo, CancellationToken cancellation)
    {
        try
        {
            await Connection.PublishAsync(prefix + message.Partition, message.Body, new NatsHeaders { ["Nats-Msg-Id"] = message.Id }, replyTo, cancellationToken: cancellation);
            return true;
        }
        catch (NatsException)
        {
            return false;
        }
    }

    /// <summary>Messages of one call, and what is known of each.</summary>
    private sealed class SentMessages(int count)
    {
        private readonly Acknowledgement?[] _answers = new Acknowledgement?[count];
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _open = count;
        private volatile bool _isGivenUp;

        public Task AllAnswered => _all.Task;

        public bool IsGivenUp => _isGivenUp;

        public IReadOnlyList<Acknowledgement> Answers => Array.ConvertAll(_answers, answer => answer ?? (IsGivenUp ? Acknowledgement.Refused : Acknowledgement.None));

        public void Answer(int index, Acknowledgement acknowledgement)
        {
            if ((uint)index < (uint)_answers.Length && Interlocked.CompareExchange(ref _answers[index], acknowledgement, null) is null && Interlocked.Decrement(ref _open) == 0)
                _all.TrySetResult();
        }

        public void GiveUp()
        {
            _isGivenUp = true;
            _all.TrySetResult();
        }
    }
}
