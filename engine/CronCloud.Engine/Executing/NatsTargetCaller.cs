using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Engine.Executing;

/// <summary>Publishes to NATS subjects. The server's having the message is success; who listens is not known.</summary>
public sealed class NatsTargetCaller(ISubjectPublisher publisher, TimeProvider time) : ITargetCaller
{
    public bool Calls(Execution execution) => execution.Target.Nats is not null;

    public async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
    {
        var target = execution.Target.Nats!;
        using var timeout = new CancellationTokenSource(NatsTarget.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            await publisher.PublishAsync(target.Subject, target.Headers.Concat(AttemptPayload.Headers(execution)), AttemptPayload.Of(execution, target.Payload).Bytes, either.Token);
            return new Answer(AttemptResult.Succeeded);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new Answer(AttemptResult.TimedOut) { Error = $"the NATS server did not take the message within {NatsTarget.Timeout.TotalSeconds} s" };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Answer(AttemptResult.TimedOut) { Error = "the NATS client gave up: the server is away, or does not take the message in its time" };
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            return new Answer(AttemptResult.Refused) { Error = $"the message could not be published: {broken.Message}" };
        }
    }
}
