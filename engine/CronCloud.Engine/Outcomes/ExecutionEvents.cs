using System.Text.Json;
using CronCloud.Core.Executions;
using CronCloud.Core.Json;
using CronCloud.Core.Outcomes;

namespace CronCloud.Engine.Outcomes;

/// <summary>
/// Tells on NATS what became of executions: <c>croncloud.event.{tenant}.{job}.{succeeded|failed|deadLettered|missed}</c>. Who listens hears it at least once; a dot
/// in a job's id is <c>%2E</c> in the subject, so that the id stays one token. On the twins there is nobody to tell.
/// </summary>
public sealed class ExecutionEvents(IEnumerable<ISubjectPublisher> publishers)
{
    private readonly ISubjectPublisher? _publisher = publishers.FirstOrDefault();

    public Task PublishAsync(IReadOnlyList<Outcome> outcomes, CancellationToken cancellation) =>
        _publisher?.TellAsync([.. outcomes.Select(EventOf).OfType<SubjectMessage>()], cancellation) ?? Task.CompletedTask;

    private static SubjectMessage? EventOf(Outcome outcome)
    {
        var status = Settlement.Of(outcome).Status;
        var name = status switch
        {
            ExecutionStatus.Succeeded => "succeeded",
            ExecutionStatus.Retrying when !outcome.IsPutOff => "failed",
            ExecutionStatus.DeadLettered => "deadLettered",
            ExecutionStatus.Missed => "missed",
            _ => null,
        };
        return name is null ? null : new SubjectMessage($"croncloud.event.{Token(outcome.Execution.Tenant)}.{Token(outcome.Execution.JobId)}.{name}", Payload(outcome, status));
    }

    private static string Token(string id) => id.Replace(".", "%2E", StringComparison.Ordinal);

    private static byte[] Payload(Outcome outcome, ExecutionStatus status) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            outcome.Execution.ExecutionId,
            outcome.Execution.JobId,
            outcome.Execution.ScheduledAt,
            Attempt = outcome.IsDropped ? (int?)null : outcome.Execution.Attempt,
            Status = status,
            outcome.StatusCode,
            outcome.Error,
            Occurrences = outcome.IsDropped ? outcome.Occurrences : (int?)null,
            outcome.LastDue,
        },
        CoreJson.Options);
}
