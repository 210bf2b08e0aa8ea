using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

public sealed class NatsTargetCallerTests
{
    [Fact]
    public async Task A_client_that_gives_up_by_itself_is_a_server_that_did_not_answer()
    {
        var caller = new NatsTargetCaller(new GivingUp(), TimeProvider.System);

        var answer = await caller.CallAsync(NewExecution(), CancellationToken.None);

        Assert.Equal(AttemptResult.TimedOut, answer.Result);
        Assert.StartsWith("the NATS client gave up", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_is_no_answer()
    {
        var caller = new NatsTargetCaller(new GivingUp(), TimeProvider.System);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller.CallAsync(NewExecution(), new CancellationToken(canceled: true)));
    }

    private static Execution NewExecution() => new()
    {
        Tenant = "t",
        JobId = "job",
        JobVersion = 1,
        ExecutionId = "job@20261201T030000Z",
        ScheduledAt = Pipeline.Start,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target { Nats = new NatsTarget { Subject = "orders" } },
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };

    private sealed class GivingUp : ISubjectPublisher
    {
        public Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation) => throw new OperationCanceledException();

        public Task PublishAsync(string subject, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> payload, CancellationToken cancellation) => throw new OperationCanceledException();
    }
}
