using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;

namespace CronCloud.Simulation.Twins;

internal sealed class ExecutionQueueTwin(TimeProvider time) : IExecutionQueue
{
    public StreamTwin Stream { get; } = new(1, time);

    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) => Task.FromResult(Stream.Publish(messages));

    public Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation) => Stream.PullAsync(0, max, wait, cancellation);

    public Task<long> CountAsync(CancellationToken cancellation) => Task.FromResult(Stream.Count(0));

    public Task<QueueState> ReadStateAsync(CancellationToken cancellation) => Task.FromResult(Stream.ReadState(0));
}

internal sealed class OutcomeStreamTwin(TimeProvider time) : IOutcomeStream
{
    public StreamTwin Stream { get; } = new(3, time);

    /// <summary>Ids of the attempts that workers put off.</summary>
    public HashSet<string> PutOff { get; } = [];

    /// <summary>Outcomes that were lost before all readers had taken them.</summary>
    public IEnumerable<Outcome> Lost => Stream.Lost.Select(m => Outcome.FromJson(m.Body.Span));

    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation)
    {
        lock (PutOff)
            PutOff.UnionWith(messages.Where(m => m.Body.Span.IndexOf("\"putOff\""u8) > 0).Select(m => Outcome.FromJson(m.Body.Span)).Where(o => o.IsPutOff).Select(o => o.Execution.AttemptId));
        return Task.FromResult(Stream.Publish(messages));
    }

    public Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation) => Stream.PullAsync((int)reader, max, wait, cancellation);

    public Task<long> CountAsync(OutcomeReader reader, CancellationToken cancellation) => Task.FromResult(Stream.Count((int)reader));

    public Task<DateTimeOffset?> ReadOldestAsync(OutcomeReader reader, CancellationToken cancellation) => Task.FromResult(Stream.ReadState((int)reader).Oldest);

    public Task<DateTimeOffset?> ReadNextAsync(OutcomeReader reader, CancellationToken cancellation) => Task.FromResult(Stream.ReadNext((int)reader));
}
