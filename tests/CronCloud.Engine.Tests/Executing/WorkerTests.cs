using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>An execution comes off the queue, is made, and its outcome is told.</summary>
public sealed class WorkerTests
{
    [Fact]
    public async Task The_outcome_is_published_before_the_execution_is_acknowledged()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = Workers.New(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded) { StatusCode = 200 });
        var outcomes = await pipeline.Outcomes.PullAsync(OutcomeReader.History, 1, Workers.Patience, Pipeline.None);
        await worker.DrainAsync(Workers.Patience);

        var outcome = Outcome.FromJson(Assert.Single(outcomes).Body.Span);
        Assert.Equal((AttemptResult.Succeeded, 200, "node"), (outcome.Result, outcome.StatusCode, outcome.Node));
        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Fact]
    public async Task A_caller_that_throws_is_a_failed_attempt_and_no_loop()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = Workers.New(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetException(new InvalidOperationException("a bug"));
        var outcomes = await pipeline.Outcomes.PullAsync(OutcomeReader.History, 1, Workers.Patience, Pipeline.None);

        var outcome = Outcome.FromJson(Assert.Single(outcomes).Body.Span);
        Assert.Equal((AttemptResult.Failed, "the attempt could not be made: a bug"), (outcome.Result, outcome.Error));
    }

    [Fact]
    public async Task A_message_that_is_no_execution_is_taken_out()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.Queue.PublishAsync([new StreamMessage("x", 1, "nonsense"u8.ToArray())], Pipeline.None);
        await using var worker = Workers.New(pipeline, new ScriptedCaller());

        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Workers.Patience);

        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Fact]
    public async Task A_message_that_comes_again_to_the_worker_that_has_it_is_not_run_twice()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = Workers.New(pipeline, caller);
        for (var restarts = 0; restarts <= Worker.MaxClaims; restarts++)
        {
            await worker.RunOnceAsync(Pipeline.None);
            pipeline.Time.Advance(Deliveries.AckWait);
        }

        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded) { StatusCode = 200 });
        await worker.DrainAsync(Workers.Patience);

        Assert.Single(caller.Calls);
        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
        Assert.Equal(AttemptResult.Succeeded, Assert.Single(await Workers.OutcomesAsync(pipeline)).Result);
    }

    [Fact]
    public async Task A_copy_of_a_message_that_was_on_its_way_when_the_execution_ended_is_not_run()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = Workers.New(pipeline, caller);
        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded) { StatusCode = 200 });
        var outcome = Assert.Single(await pipeline.Outcomes.PullAsync(OutcomeReader.History, 1, Workers.Patience, Pipeline.None));
        await Workers.UntilAsync(() => worker.HeldCount == 0);

        await pipeline.Queue.PublishAsync([new StreamMessage("a copy", Pipeline.Partition, Outcome.FromJson(outcome.Body.Span).Execution.ToJson())], Pipeline.None);
        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Workers.Patience);

        Assert.Single(caller.Calls);
        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
        Assert.Single(await Workers.OutcomesAsync(pipeline));
    }

    [Fact]
    public async Task A_worker_that_cannot_go_on_gives_the_execution_back_and_counts_as_none_that_crashed()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        await using var worker = Workers.New(pipeline, new ScriptedCaller { CannotTell = true });

        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Workers.Patience);

        var given = Execution.FromJson(Assert.Single(await pipeline.Queue.PullAsync(10, TimeSpan.Zero, Pipeline.None)).Body.Span);
        Assert.Equal((1, 0), (given.Returns, given.Claims));
    }
}
