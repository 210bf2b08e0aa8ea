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
    /// <summary>When for so long nothing could be sent and no acknowledgement came, none will. A herd takes longer than this, and goes on all the time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<long, SentMessages> _sent = [];
    private readonly string _inbox;
    private readonly TimeSpan _patience;
    private long _last;
    private long _answered;
    private long _latestAnswered;

    private JetStreamPublisher(INatsConnection nats, string inbox, TimeSpan patience)
        : base(nats, nats.SubscriptionManager, $"{inbox}.*.*", queueGroup: null, opts: null) => (_inbox, _patience) = (inbox, patience);

    public static Task<JetStreamPublisher> OpenAsync(INatsConnection nats, CancellationToken cancellation) => OpenAsync(nats, Patience, cancellation);

    internal static async Task<JetStreamPublisher> OpenAsync(INatsConnection nats, TimeSpan patience, CancellationToken cancellation)
    {
        // Below the prefix by which the client may be allowed to listen, but not below its own inbox: what comes there it takes for answers to its own requests.
        var publisher = new JetStreamPublisher(nats, $"{nats.Opts.InboxPrefix}.{Guid.NewGuid():N}", patience);
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
        try
        {
            for (var i = 0; i < messages.Count && !sent.IsGivenUp; i++)
            {
                limit.CancelAfter(_patience);
                if (!await TrySendAsync(prefix, messages[i], string.Create(CultureInfo.InvariantCulture, $"{_inbox}.{number}.{i}"), limit.Token))
                    sent.Answer(i, Acknowledgement.Refused);
            }

            await AnswersAsync(number, sent, cancellation);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // What could not be sent has no answer: the answers say so.
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
            Interlocked.Increment(ref _answered);
            if (number > _latestAnswered)
                Interlocked.Exchange(ref _latestAnswered, number);
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

    /// <summary>For as long as answers come to this call, or to earlier ones: they come about in the order in which messages were sent. Once later ones have theirs, what is missing here was lost.</summary>
    private async Task AnswersAsync(long number, SentMessages sent, CancellationToken cancellation)
    {
        while (!sent.AllAnswered.IsCompleted)
        {
            var (open, answered) = (sent.Open, Interlocked.Read(ref _answered));
            try
            {
                await sent.AllAnswered.WaitAsync(_patience, cancellation);
            }
            catch (TimeoutException)
            {
                var isEarlier = Interlocked.Read(ref _answered) > answered && Interlocked.Read(ref _latestAnswered) < number;
                if (sent.Open == open && !isEarlier)
                    return;
            }
        }
    }

    /// <summary>One that the client does not send, since it is larger than the server takes, keeps no other.</summary>
    private async ValueTask<bool> TrySendAsync(string prefix, StreamMessage message, string replyTo, CancellationToken cancellation)
    {
        if (Connection.ConnectionState != NatsConnectionState.Open)
            return false; // the client would send it to a server that is started anew before its streams were looked after
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

        public int Open => Volatile.Read(ref _open);

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
