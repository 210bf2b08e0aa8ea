namespace CronCloud.Core.Streams;

/// <summary>The work queue between the due index and the workers. Each message goes to one worker.</summary>
public interface IExecutionQueue
{
    /// <summary>Publishes and waits for the acknowledgements: true where the queue has the message (or had it already). It refuses when full.</summary>
    Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation);

    /// <summary>Up to <paramref name="max"/> messages; waits up to <paramref name="wait"/> for the first.</summary>
    Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation);

    /// <summary>How many messages wait or are being worked on.</summary>
    Task<long> CountAsync(CancellationToken cancellation);

    /// <summary>What waits there.</summary>
    Task<QueueState> ReadStateAsync(CancellationToken cancellation);
}

/// <param name="Waiting">How many messages nobody has taken.</param>
/// <param name="Oldest">When the oldest that waits or is being worked on was published; null when there is none.</param>
public sealed record QueueState(long Waiting, DateTimeOffset? Oldest);
