using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>A worker that stands still for longer than the queue waits for it, and goes on.</summary>
public sealed class WorkerStallTests
{
    private static readonly WorkerOptions OneAtATime = new() { MaxPerDestination = 1 };

    [Fact]
    public async Task What_it_had_not_begun_is_another_workers()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 2, claims: 0);
        var (caller, other) = (new ScriptedCaller(), new ScriptedCaller());
        await using var worker = Workers.New(pipeline, caller, OneAtATime, pipeline.Time);
        await worker.RunOnceAsync(Pipeline.None);

        pipeline.Time.Advance(Deliveries.AckWait);
        await new Heartbeat(worker).RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));
        await Workers.UntilAsync(() => worker.HeldCount == 0);

        Assert.Single(caller.Calls);
        pipeline.Time.Advance(Deliveries.AckWait);
        await using var next = Workers.New(pipeline, other, OneAtATime, pipeline.Time);
        await next.RunOnceAsync(Pipeline.None);
        Assert.NotEqual(Assert.Single(caller.Calls).ExecutionId, Assert.Single(other.Calls).ExecutionId);
    }

    [Fact]
    public async Task What_a_pull_brought_too_late_is_another_workers()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 2, claims: 0);
        var caller = new ScriptedCaller();
        await using var worker = new Worker(
            new LateQueue(pipeline.Queue, pipeline.Time), pipeline.Outcomes, [caller], OneAtATime, new NodeName("node"), pipeline.Time, NullLogger<Worker>.Instance);

        await worker.RunOnceAsync(Pipeline.None);

        Assert.Equal(0, worker.HeldCount);
        Assert.Empty(caller.Calls);
        Assert.Equal(2, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Fact]
    public async Task What_it_was_handed_once_more_meanwhile_is_its_own()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 2, claims: 0);
        var caller = new ScriptedCaller();
        await using var worker = Workers.New(pipeline, caller, OneAtATime, pipeline.Time);
        await worker.RunOnceAsync(Pipeline.None);

        pipeline.Time.Advance(Deliveries.AckWait);
        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));
        await Workers.UntilAsync(() => worker.HeldCount == 0);

        Assert.Equal(2, caller.Calls.Count);
        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(0, true)]
    public async Task What_was_claimed_before_or_said_to_be_at_work_is_made(int earlierClaims, bool hasHeart)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 2, earlierClaims);
        var caller = new ScriptedCaller();
        await using var worker = Workers.New(pipeline, caller, OneAtATime, pipeline.Time);
        await worker.RunOnceAsync(Pipeline.None);

        for (var passed = TimeSpan.Zero; passed < Deliveries.AckWait; passed += Deliveries.Heartbeat)
        {
            pipeline.Time.Advance(Deliveries.Heartbeat);
            if (hasHeart)
                await new Heartbeat(worker).RunOnceAsync(Pipeline.None);
        }

        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));
        await Workers.UntilAsync(() => worker.HeldCount == 0);

        Assert.Equal(2, caller.Calls.Count);
    }

    /// <summary>Its answer is on its way for as long as it waits for an acknowledgement.</summary>
    private sealed class LateQueue(IExecutionQueue queue, FakeTimeProvider time) : IExecutionQueue
    {
        public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) => queue.PublishAsync(messages, cancellation);

        public async Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation)
        {
            var deliveries = await queue.PullAsync(max, wait, cancellation);
            time.Advance(Deliveries.AckWait);
            return deliveries;
        }

        public Task<long> CountAsync(CancellationToken cancellation) => queue.CountAsync(cancellation);

        public Task<QueueState> ReadStateAsync(CancellationToken cancellation) => queue.ReadStateAsync(cancellation);
    }
}
