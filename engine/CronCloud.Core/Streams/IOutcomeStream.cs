namespace CronCloud.Core.Streams;

/// <summary>Outcomes on their way to the settler, to the history writer and to the incident reader: each of them reads every outcome.</summary>
public interface IOutcomeStream
{
    /// <summary>Publishes and waits for the acknowledgements: true where the stream has the message (or had it already).</summary>
    Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation);

    /// <summary>Up to <paramref name="max"/> messages for that reader; waits up to <paramref name="wait"/> for the first.</summary>
    Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation);

    /// <summary>How many messages that reader has not acknowledged yet: outcomes that were published together may share one.</summary>
    Task<long> CountAsync(OutcomeReader reader, CancellationToken cancellation);

    /// <summary>
    /// No later than when the oldest outcome was published that the reader has not acknowledged; null when there is none. All that was published before it that reader has done with.
    /// </summary>
    Task<DateTimeOffset?> ReadOldestAsync(OutcomeReader reader, CancellationToken cancellation);

    /// <summary>When the first outcome was published that the reader was not given yet; null when it was given all. What was given to it and came back counts as given.</summary>
    Task<DateTimeOffset?> ReadNextAsync(OutcomeReader reader, CancellationToken cancellation);
}

/// <summary>Who reads outcomes, each at its own pace. Append-only: the twin's file has a bit for each.</summary>
public enum OutcomeReader
{
    Settler,
    History,
    Alerts,
}
