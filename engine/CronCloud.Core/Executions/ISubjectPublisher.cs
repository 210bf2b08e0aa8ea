namespace CronCloud.Core.Executions;

/// <summary>Publishes a message to a NATS subject, for jobs that have one as their target.</summary>
public interface ISubjectPublisher
{
    Task PublishAsync(string subject, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> payload, CancellationToken cancellation);
}
