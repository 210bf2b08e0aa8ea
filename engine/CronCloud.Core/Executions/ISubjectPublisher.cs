namespace CronCloud.Core.Executions;

/// <summary>Publishes messages to NATS subjects.</summary>
public interface ISubjectPublisher
{
    /// <summary>Hands messages to the connection: who listens at that moment hears them.</summary>
    Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation);

    /// <summary>Returns when the server has the message.</summary>
    Task PublishAsync(string subject, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> payload, CancellationToken cancellation);
}

public sealed record SubjectMessage(string Subject, ReadOnlyMemory<byte> Payload);
