using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>The outcome stream of JetStream: an outcome stays until all its readers have acknowledged it. Outcomes that are published together share messages.</summary>
public sealed class JetStreamOutcomeStream(JetStreamConnection connection) : IOutcomeStream
{
    private readonly JetStreamStream _stream = new(connection, JetStreamSetup.OutcomeStream, new RecentMessages(TimeProvider.System));

    /// <summary>Asked for at once: messages that have more in them than those before must not bring a reader a hundred times what it asked for.</summary>
    private const int MostMessages = 200;

    /// <summary>How many outcomes a message had in each reader's last pull: it asks for so many messages as about fit.</summary>
    private readonly int[] _perMessage = [.. Enum.GetValues<OutcomeReader>().Select(_ => OutcomePack.MaxCount)];

    public async Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation)
    {
        var packs = OutcomePack.Split([.. messages]);
        var published = await _stream.PublishAsync([.. packs.Select(OutcomePack.Of)], cancellation);
        return [.. packs.SelectMany((pack, i) => Enumerable.Repeat(published[i], pack.Count))];
    }

    /// <summary>About so many: what a message holds comes whole.</summary>
    public async Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation)
    {
        var outcomes = new List<Delivery>();
        var (pulled, asked) = (0, 0);
        do
        {
            asked = Math.Clamp((max - outcomes.Count) / Volatile.Read(ref _perMessage[(int)reader]), 1, MostMessages);
            var messages = await _stream.PullAsync(ConsumerOf(reader), asked, outcomes.Count == 0 ? wait : TimeSpan.Zero, cancellation);
            outcomes.AddRange(messages.SelectMany(message => OutcomePack.Open(message, TimeProvider.System)));
            pulled += messages.Count;
            if (pulled > 0)
                Volatile.Write(ref _perMessage[(int)reader], (outcomes.Count + pulled - 1) / pulled);
            if (messages.Count < asked)
                break;
        }
        while (outcomes.Count < max);
        return outcomes;
    }

    public Task<long> CountAsync(OutcomeReader reader, CancellationToken cancellation) => _stream.CountAsync(ConsumerOf(reader), cancellation);

    public async Task<DateTimeOffset?> ReadOldestAsync(OutcomeReader reader, CancellationToken cancellation) => (await _stream.ReadStateAsync(ConsumerOf(reader), cancellation)).Oldest;

    public Task<DateTimeOffset?> ReadNextAsync(OutcomeReader reader, CancellationToken cancellation) => _stream.ReadNextAsync(ConsumerOf(reader), cancellation);

    private static string ConsumerOf(OutcomeReader reader) => reader switch
    {
        OutcomeReader.Settler => "settler",
        OutcomeReader.History => "history",
        OutcomeReader.Alerts => "alerts",
        _ => throw new ArgumentOutOfRangeException(nameof(reader), reader, "No such reader."),
    };
}
