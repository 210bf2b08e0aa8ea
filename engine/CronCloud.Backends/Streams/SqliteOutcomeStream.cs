using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>The outcome stream's twin: an outcome stays until all its readers have acknowledged it.</summary>
public sealed class SqliteOutcomeStream(SqliteStreamFile file) : IOutcomeStream
{
    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) => file.Outcomes.PublishAsync(messages);

    public Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation) => file.Outcomes.PullAsync((int)reader, max, wait, cancellation);

    public Task<long> CountAsync(OutcomeReader reader, CancellationToken cancellation) => Task.FromResult(file.Outcomes.Count((int)reader));

    public Task<DateTimeOffset?> ReadOldestAsync(OutcomeReader reader, CancellationToken cancellation) => Task.FromResult(file.Outcomes.ReadState((int)reader).Oldest);

    public Task<DateTimeOffset?> ReadNextAsync(OutcomeReader reader, CancellationToken cancellation) => Task.FromResult(file.Outcomes.ReadNext((int)reader));
}
