using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>The outcome stream of JetStream: an outcome stays until all its readers have acknowledged it. Outcomes that are published together share messages.</summary>
public sealed class JetStreamOutcomeStream(JetStreamConnection connection) : IOutcomeStream
{
    private readonly JetStreamStream _stream = new(connection, JetStreamSetup.OutcomeStream, new RecentMessages(TimeProvider.System));

    /// <summary>The most outcomes of one message that each reader met of late: it asks for so many messages as fit.</summary>
    private readonly int[] _largest = [.. Enum.GetValues<OutcomeReader>().Select(_ => OutcomePack.MaxCount)];

    public async Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation)
    {
        var packs = OutcomePack.Split([.. messages]);
        var published = await _stream.PublishAsync([.. packs.Select(OutcomePack.Of)], cancellation);
        return [.. packs.SelectMany((pack, i) => Enumerable.Repeat(published[i], pack.Count))];
    }

    public async Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation)
    {
        var messages = await _stream.PullAsync(ConsumerOf(reader), Math.Max(1, max / Volatile.Read(ref _largest[(int)reader])), wait, cancellation);
        if (messages.Count == 0)
            return messages;
        var outcomes = messages.Select(message => OutcomePack.Open(message, TimeProvider.System)).ToList();
        Volatile.Write(ref _largest[(int)reader], outcomes.Max(opened => opened.Count));
        return [.. outcomes.SelectMany(opened => opened)];
    }

    public Task<long> CountAsync(OutcomeReader reader, CancellationToken cancellation) => _stream.CountAsync(ConsumerOf(reader), cancellation);

    public Task<DateTimeOffset?> ReadOldestAsync(OutcomeReader reader, CancellationToken cancellation) => _stream.ReadOldestAsync(ConsumerOf(reader), cancellation);

    private static string ConsumerOf(OutcomeReader reader) => reader switch
    {
        OutcomeReader.Settler => "settler",
        OutcomeReader.History => "history",
        OutcomeReader.Alerts => "alerts",
        _ => throw new ArgumentOutOfRangeException(nameof(reader), reader, "No such reader."),
    };
}
