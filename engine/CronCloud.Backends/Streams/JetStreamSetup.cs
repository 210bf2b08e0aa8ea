using CronCloud.Core.Streams;
using NATS.Client.JetStream.Models;

namespace CronCloud.Backends.Streams;

/// <summary>A stream as the product needs it, and its readers.</summary>
internal sealed record JetStreamSetup(string Name, string SubjectPrefix, StreamConfigRetention Retention, long MaxMessages, IReadOnlyList<ConsumerConfig> Consumers)
{
    public const string Executions = "EXECUTIONS";
    public const string Outcomes = "OUTCOMES";

    /// <summary>What workers may hold, or history not have written yet.</summary>
    private const int MaxHeld = 100_000;

    /// <summary>Retries and dead letters wait here while the record is away, and must not keep the settler from the rest.</summary>
    private const int MaxUnsettled = 1_000_000;

    public static readonly JetStreamSetup ExecutionStream = new(Executions, "cc.execution.", StreamConfigRetention.Workqueue, StreamLimits.MaxExecutions, [Consumer("workers", MaxHeld)]);

    public static readonly JetStreamSetup OutcomeStream = new(
        Outcomes, "cc.outcome.", StreamConfigRetention.Interest, StreamLimits.MaxOutcomes, [Consumer("settler", MaxUnsettled), Consumer("history", MaxHeld), Consumer("alerts", MaxHeld)]);

    /// <summary>The existing stream with what the product needs; what an operator may have changed besides, such as the number of copies, stays.</summary>
    public StreamConfig Apply(StreamConfig existing) => existing with
    {
        Subjects = [$"{SubjectPrefix}*"],
        Discard = StreamConfigDiscard.New,
        MaxMsgs = MaxMessages,
        DuplicateWindow = StreamLimits.DuplicateWindow,
    };

    /// <summary>The new stream before its readers are there.</summary>
    public StreamConfig Closed(int copies) => new(Name, [$"cc.closed.{Name}"])
    {
        Retention = Retention,
        Storage = StreamConfigStorage.File,
        Discard = StreamConfigDiscard.New,
        MaxMsgs = MaxMessages,
        DuplicateWindow = StreamLimits.DuplicateWindow,
        NumReplicas = copies,
    };

    private static ConsumerConfig Consumer(string name, int maxUnacknowledged) => new(name)
    {
        DurableName = name,
        AckPolicy = ConsumerConfigAckPolicy.Explicit,
        AckWait = Deliveries.AckWait,
        MaxDeliver = -1,
        MaxAckPending = maxUnacknowledged,
    };
}
