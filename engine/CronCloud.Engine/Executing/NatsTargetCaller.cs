using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Executing;

/// <summary>Publishes to NATS subjects. The server's having the message is success; who listens is not known. Attempts that run side by side ask the server together.</summary>
public sealed class NatsTargetCaller : ITargetCaller
{
    private const int MostTogether = 500;

    private readonly ISubjectPublisher _publisher;
    private readonly TimeProvider _time;
    private readonly Gathering<Waiting, string?> _waiting;

    public NatsTargetCaller(ISubjectPublisher publisher, TimeProvider time)
    {
        (_publisher, _time) = (publisher, time);
        _waiting = new Gathering<Waiting, string?>(PublishAsync, MostTogether);
    }

    public bool Calls(Execution execution) => execution.Target.Nats is not null;

    public async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(NatsTarget.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            either.Token.ThrowIfCancellationRequested();
            var error = await _waiting.AddAsync(new Waiting(MessageOf(execution, execution.Target.Nats!), either.Token), CancellationToken.None).WaitAsync(either.Token);
            return error is null ? new Answer(AttemptResult.Succeeded) : Refused(error);
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
            return Refused(broken.Message);
        }
    }

    private static Answer Refused(string error) => new(AttemptResult.Refused) { Error = $"the message could not be published: {error}" };

    private static SubjectMessage MessageOf(Execution execution, NatsTarget target) => new(target.Subject, AttemptPayload.Of(execution, target.Payload).Bytes)
    {
        Headers = [.. target.Headers, .. AttemptPayload.Headers(execution)],
    };

    /// <summary>For all of them, whoever called first. The message of one that gave up while it stood in line is not sent any more.</summary>
    private async Task<IReadOnlyList<string?>> PublishAsync(IReadOnlyList<Waiting> together, CancellationToken cancellation)
    {
        var errors = new string?[together.Count];
        var sending = Enumerable.Range(0, together.Count).Where(i => !together[i].GivenUp.IsCancellationRequested).ToList();
        if (sending.Count == 0)
            return errors;
        using var limit = new CancellationTokenSource(NatsTarget.Timeout, _time);
        var sent = await _publisher.PublishAsync(sending.ConvertAll(i => together[i].Message), limit.Token);
        for (var i = 0; i < sending.Count; i++)
            errors[sending[i]] = sent[i];
        return errors;
    }

    private sealed record Waiting(SubjectMessage Message, CancellationToken GivenUp);
}
