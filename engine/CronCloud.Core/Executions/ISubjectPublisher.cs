namespace CronCloud.Core.Executions;

/// <summary>Publishes messages to NATS subjects.</summary>
public interface ISubjectPublisher
{
    /// <summary>Hands messages to the connection: who listens at that moment hears them.</summary>
    Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation);

    /// <summary>Returns when the server has the messages. Answers in their order: null, or why one could not be sent, which keeps no other.</summary>
    Task<IReadOnlyList<string?>> PublishAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation);
}

public sealed record SubjectMessage(string Subject, ReadOnlyMemory<byte> Payload)
{
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
