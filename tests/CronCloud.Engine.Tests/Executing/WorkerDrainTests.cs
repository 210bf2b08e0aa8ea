using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>A worker that is told to stop.</summary>
public sealed class WorkerDrainTests
{
    [Fact]
    public async Task What_has_not_ended_when_patience_ends_goes_back_to_the_queue()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        await using var worker = Workers.New(pipeline, new ScriptedCaller());
        await worker.RunOnceAsync(Pipeline.None);
        Assert.Single(worker.Held);

        await worker.DrainAsync(TimeSpan.Zero);

        Assert.Empty(worker.Held);
        var given = Assert.Single(await pipeline.Queue.PullAsync(10, TimeSpan.Zero, Pipeline.None));
        Assert.Equal((1, 1, 0), (given.Count, Execution.FromJson(given.Body.Span).Returns, Execution.FromJson(given.Body.Span).Claims));
    }

    [Fact]
    public async Task An_attempt_that_was_made_is_not_given_back_when_the_worker_stops()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        var (caller, outcomes) = (new ScriptedCaller(), new FaultyOutcomes(pipeline.Outcomes) { Refuses = true });
        var worker = Workers.New(pipeline, caller, new WorkerOptions(), pipeline.Time, outcomes);
        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));

        await Workers.PassAsync(pipeline, worker.DrainAsync(TimeSpan.FromSeconds(1)));

        var again = Assert.Single(await pipeline.Queue.PullAsync(10, TimeSpan.Zero, Pipeline.None));
        Assert.Equal(0, Execution.FromJson(again.Body.Span).Returns);
    }

    [Fact]
    public async Task A_stop_ends_also_while_the_queue_does_not_answer()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        var worker = Workers.New(pipeline, new ScriptedCaller(), new WorkerOptions(), pipeline.Time);
        await worker.RunOnceAsync(Pipeline.None);
        pipeline.Queue.Hangs = true;

        await Workers.PassAsync(pipeline, worker.DrainAsync(TimeSpan.FromSeconds(1)));

        Assert.Empty(worker.Held);
    }
}
