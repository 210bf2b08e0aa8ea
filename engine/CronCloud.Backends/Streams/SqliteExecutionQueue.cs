using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>The execution queue's twin.</summary>
public sealed class SqliteExecutionQueue(SqliteStreamFile file) : IExecutionQueue
{
    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) => file.Executions.PublishAsync(messages);

    public Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation) => file.Executions.PullAsync(0, max, wait, cancellation);

    public Task<long> CountAsync(CancellationToken cancellation) => Task.FromResult(file.Executions.Count(0));

    public Task<QueueState> ReadStateAsync(CancellationToken cancellation) => Task.FromResult(file.Executions.ReadState(0));
}
