namespace CronCloud.Core.Streams;

/// <summary>A message for a stream. Its id lets the stream drop a second copy inside its window.</summary>
public sealed record StreamMessage(string Id, int Partition, ReadOnlyMemory<byte> Body);

/// <summary>A message handed to one reader. Until it is acknowledged, extended or returned in time, it is handed out again.</summary>
public abstract class Delivery
{
    public abstract ReadOnlyMemory<byte> Body { get; }

    /// <summary>How often the message has been handed out, this time included: from 1.</summary>
    public abstract int Count { get; }

    /// <summary>Done: the message is never handed out again.</summary>
    public abstract ValueTask AcknowledgeAsync(CancellationToken cancellation);

    /// <summary>Still at work: the time to acknowledge begins anew.</summary>
    public abstract ValueTask ExtendAsync(CancellationToken cancellation);

    /// <summary>Given back: the message is handed out again at once, to any reader.</summary>
    public ValueTask ReturnAsync(CancellationToken cancellation) => ReturnAsync(TimeSpan.Zero, cancellation);

    /// <summary>Given back: the message is handed out again after the pause, to any reader.</summary>
    public abstract ValueTask ReturnAsync(TimeSpan pause, CancellationToken cancellation);
}
