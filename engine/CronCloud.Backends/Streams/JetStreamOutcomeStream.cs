using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>The outcome stream of JetStream: an outcome stays until all its readers have acknowledged it.</summary>
public sealed class JetStreamOutcomeStream(JetStreamConnection connection) : IOutcomeStream
{
    private readonly JetStreamStream _stream = new(connection, JetStreamSetup.OutcomeStream, new RecentMessages(TimeProvider.System));

    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) => _stream.PublishAsync(messages, cancellation);

    public Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation) =>
        _stream.PullAsync(ConsumerOf(reader), max, wait, cancellation);

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
