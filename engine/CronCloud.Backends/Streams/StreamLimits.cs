namespace CronCloud.Backends.Streams;

/// <summary>What both the JetStream streams and their twins keep to.</summary>
internal static class StreamLimits
{
    /// <summary>A second copy of a message is dropped within this window. Longer than lease, redelivery and take-over together.</summary>
    public static readonly TimeSpan DuplicateWindow = TimeSpan.FromMinutes(2);

    /// <summary>The queue refuses beyond this: the due index is the buffer.</summary>
    public const long MaxExecutions = 2_000_000;

    /// <summary>About two hours at the peak rate, while history is down.</summary>
    public const long MaxOutcomes = 20_000_000;
}
