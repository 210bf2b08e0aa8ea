using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Executing;

public sealed class WorkerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task The_outcome_is_published_before_the_execution_is_acknowledged()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = NewWorker(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded) { StatusCode = 200 });
        var outcomes = await pipeline.Outcomes.PullAsync(OutcomeReader.History, 1, Patience, Pipeline.None);
        await worker.DrainAsync(Patience);

        var outcome = Outcome.FromJson(Assert.Single(outcomes).Body.Span);
        Assert.Equal((AttemptResult.Succeeded, 200, "node"), (outcome.Result, outcome.StatusCode, outcome.Node));
        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Fact]
    public async Task A_caller_that_throws_is_a_failed_attempt_and_no_loop()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = NewWorker(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetException(new InvalidOperationException("a bug"));
        var outcomes = await pipeline.Outcomes.PullAsync(OutcomeReader.History, 1, Patience, Pipeline.None);

        var outcome = Outcome.FromJson(Assert.Single(outcomes).Body.Span);
        Assert.Equal((AttemptResult.Failed, "the attempt could not be made: a bug"), (outcome.Result, outcome.Error));
    }

    [Fact]
    public async Task What_has_not_ended_when_patience_ends_goes_back_to_the_queue()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        await using var worker = NewWorker(pipeline, new ScriptedCaller());
        await worker.RunOnceAsync(Pipeline.None);
        Assert.Single(worker.Held);

        await worker.DrainAsync(TimeSpan.Zero);

        Assert.Empty(worker.Held);
        var given = Assert.Single(await pipeline.Queue.PullAsync(10, TimeSpan.Zero, Pipeline.None));
        Assert.Equal((1, 1, 0), (given.Count, Execution.FromJson(given.Body.Span).Returns, Execution.FromJson(given.Body.Span).Claims));
    }

    [Fact]
    public async Task An_execution_whose_workers_all_die_ends_as_a_worker_crash_and_is_not_tried_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        for (var claim = 0; claim < Worker.MaxClaims; claim++)
        {
            Assert.Single(await pipeline.Queue.PullAsync(1, TimeSpan.Zero, Pipeline.None));
            pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        }

        await using var worker = NewWorker(pipeline, new ScriptedCaller());
        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Patience);

        var outcome = Outcome.FromJson(Assert.Single(await pipeline.Outcomes.PullAsync(OutcomeReader.Settler, 1, TimeSpan.Zero, Pipeline.None)).Body.Span);
        Assert.StartsWith("worker-crash: 3 workers", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(ExecutionStatus.DeadLettered, Settlement.Of(outcome).Status);
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_is_none_that_crashed()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        for (var deployments = 0; deployments < 2 * Worker.MaxClaims; deployments++)
        {
            await using var worker = NewWorker(pipeline, new ScriptedCaller());
            await worker.RunOnceAsync(Pipeline.None);
            Assert.Single(worker.Held);
            await worker.DrainAsync(TimeSpan.Zero);
        }

        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
        Assert.Equal(1, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Fact]
    public async Task A_message_that_is_no_execution_is_taken_out()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.Queue.PublishAsync([new StreamMessage("x", 1, "nonsense"u8.ToArray())], Pipeline.None);
        await using var worker = NewWorker(pipeline, new ScriptedCaller());

        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Patience);

        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Fact]
    public async Task A_destination_has_so_many_places_and_no_more()
    {
        var destinations = new Destinations(placesEach: 2);
        var (first, _) = (await destinations.EnterAsync("slow", Pipeline.None), await destinations.EnterAsync("slow", Pipeline.None));

        var third = destinations.EnterAsync("slow", Pipeline.None);
        Assert.False(third.IsCompleted);
        using (await destinations.EnterAsync("quick", Pipeline.None))
            first.Dispose();
        await third.WaitAsync(Patience);
    }

    private static async Task DispatchAsync(Pipeline pipeline)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await pipeline.NewPartition().RunOnceAsync(Pipeline.None);
    }

    private static Worker NewWorker(Pipeline pipeline, ITargetCaller caller) =>
        new(pipeline.Queue, pipeline.Outcomes, [caller], new WorkerOptions(), new NodeName("node"), TimeProvider.System, NullLogger<Worker>.Instance);

    private sealed class ScriptedCaller : ITargetCaller
    {
        public TaskCompletionSource<Answer> Answers { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Calls(Execution execution) => true;

        public Task<Answer> CallAsync(Execution execution, CancellationToken cancellation) => Answers.Task.WaitAsync(cancellation);
    }
}
