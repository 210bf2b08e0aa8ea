using System.Threading.Channels;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Executing;
using Microsoft.Extensions.Time.Testing;

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

    [Fact]
    public async Task Attempts_that_run_side_by_side_ask_the_server_together_and_hear_each_its_own_answer()
    {
        var server = new Slow();
        var caller = new NatsTargetCaller(server, TimeProvider.System);

        var first = caller.CallAsync(NewExecution("a"), CancellationToken.None);
        var others = new[] { caller.CallAsync(NewExecution("b"), CancellationToken.None), caller.CallAsync(NewExecution("c"), CancellationToken.None) };
        Assert.Equal(["a"], await server.AskedAsync());
        server.Answer(null, null);
        Assert.Equal(AttemptResult.Succeeded, (await first).Result);

        Assert.Equal(["b", "c"], await server.AskedAsync());
        server.Answer("too large", null);
        Answer[] answers = await Task.WhenAll(others);
        Assert.Equal([AttemptResult.Refused, AttemptResult.Succeeded], answers.Select(answer => answer.Result));
        Assert.Equal("the message could not be published: too large", answers[0].Error);
    }

    /// <summary>Its outcome is told by then, and the message would come as if of another attempt.</summary>
    [Fact]
    public async Task What_has_timed_out_in_the_line_is_not_sent_any_more()
    {
        var time = new FakeTimeProvider(Pipeline.Start);
        var server = new Slow();
        var caller = new NatsTargetCaller(server, time);

        var first = caller.CallAsync(NewExecution("a"), CancellationToken.None);
        var second = caller.CallAsync(NewExecution("b"), CancellationToken.None);
        await server.AskedAsync();
        time.Advance(NatsTarget.Timeout);
        Assert.Equal(AttemptResult.TimedOut, (await first).Result);
        Assert.Equal(AttemptResult.TimedOut, (await second).Result);
        var third = caller.CallAsync(NewExecution("c"), CancellationToken.None);
        server.Answer(null, null);

        Assert.Equal(["c"], await server.AskedAsync());
        server.Answer(null, null);
        Assert.Equal(AttemptResult.Succeeded, (await third).Result);
    }

    private static Execution NewExecution(string subject = "orders") => new()
    {
        Tenant = "t",
        JobId = "job",
        JobVersion = 1,
        ExecutionId = "job@20261201T030000Z",
        ScheduledAt = Pipeline.Start,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target { Nats = new NatsTarget { Subject = subject } },
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };

    private sealed class GivingUp : ISubjectPublisher
    {
        public Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation) => throw new OperationCanceledException();

        public Task<IReadOnlyList<string?>> PublishAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation) => throw new OperationCanceledException();
    }

    /// <summary>Answers when it is told to, and for as many as were asked.</summary>
    private sealed class Slow : ISubjectPublisher
    {
        private readonly Channel<IReadOnlyList<string>> _asked = Channel.CreateUnbounded<IReadOnlyList<string>>();
        private readonly Channel<string?[]> _answers = Channel.CreateUnbounded<string?[]>();

        public Task TellAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation) => throw new NotSupportedException();

        public async Task<IReadOnlyList<string?>> PublishAsync(IReadOnlyList<SubjectMessage> messages, CancellationToken cancellation)
        {
            _asked.Writer.TryWrite([.. messages.Select(message => message.Subject)]);
            return (await _answers.Reader.ReadAsync(CancellationToken.None))[..messages.Count];
        }

        public async Task<IReadOnlyList<string>> AskedAsync() => await _asked.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

        public void Answer(params string?[] errors) => _answers.Writer.TryWrite(errors);
    }
}
