using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>The execution queue as a work-queue stream of JetStream.</summary>
public sealed class JetStreamExecutionQueue(JetStreamConnection connection) : IExecutionQueue
{
    private const string Workers = "workers";

    private readonly JetStreamStream _stream = new(connection, JetStreamSetup.ExecutionStream);

    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) => _stream.PublishAsync(messages, cancellation);

    public async Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation) => await _stream.PullAsync(Workers, max, wait, cancellation);

    public Task<long> CountAsync(CancellationToken cancellation) => _stream.CountAsync(Workers, cancellation);

    public Task<QueueState> ReadStateAsync(CancellationToken cancellation) => _stream.ReadStateAsync(Workers, cancellation);
}
