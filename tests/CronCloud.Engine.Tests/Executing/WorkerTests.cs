using System.Collections.Concurrent;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
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
    public async Task A_message_that_comes_again_to_the_worker_that_has_it_is_not_run_twice()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = NewWorker(pipeline, caller);
        for (var restarts = 0; restarts <= Worker.MaxClaims; restarts++)
        {
            await worker.RunOnceAsync(Pipeline.None);
            pipeline.Time.Advance(Deliveries.AckWait);
        }

        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded) { StatusCode = 200 });
        await worker.DrainAsync(Patience);

        Assert.Single(caller.Calls);
        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
        Assert.Equal(AttemptResult.Succeeded, Assert.Single(await OutcomesAsync(pipeline)).Result);
    }

    [Fact]
    public async Task A_copy_of_a_message_that_was_on_its_way_when_the_execution_ended_is_not_run()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        var caller = new ScriptedCaller();
        await using var worker = NewWorker(pipeline, caller);
        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded) { StatusCode = 200 });
        var outcome = Assert.Single(await pipeline.Outcomes.PullAsync(OutcomeReader.History, 1, Patience, Pipeline.None));
        await UntilAsync(() => worker.HeldCount == 0);

        await pipeline.Queue.PublishAsync([new StreamMessage("a copy", Pipeline.Partition, Outcome.FromJson(outcome.Body.Span).Execution.ToJson())], Pipeline.None);
        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Patience);

        Assert.Single(caller.Calls);
        Assert.Equal(0, await pipeline.Queue.CountAsync(Pipeline.None));
        Assert.Single(await OutcomesAsync(pipeline));
    }

    [Fact]
    public async Task After_one_death_executions_run_side_by_side()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await PublishAsync(pipeline, 5, claims: 1);
        var caller = new ScriptedCaller();
        await using var worker = NewWorker(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);

        Assert.Equal(5, caller.Calls.Count);
    }

    [Fact]
    public async Task After_two_deaths_one_execution_runs_and_the_others_are_put_off_before_it_begins()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await PublishAsync(pipeline, 5, claims: 2);
        var putOff = new List<Outcome>();
        var caller = new ScriptedCaller { OnCall = async () => putOff = await OutcomesAsync(pipeline) };
        await using var worker = NewWorker(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);
        await caller.Called.Task.WaitAsync(Patience);

        Assert.Equal(4, putOff.Count);
        Assert.All(putOff, outcome => Assert.Equal((AttemptResult.PutOff, 2), (outcome.Result, Settlement.NextAttempt(outcome).Claims)));
        Assert.Equal([300, 350, 400, 450], putOff.Select(outcome => outcome.RetryAfter!.Value.TotalMilliseconds).Order());
        Assert.Equal(1, await pipeline.Queue.CountAsync(Pipeline.None));
        Assert.Single(caller.Calls);
    }

    [Fact]
    public async Task A_worker_that_cannot_go_on_gives_the_execution_back_and_counts_as_none_that_crashed()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        await using var worker = NewWorker(pipeline, new ScriptedCaller { CannotTell = true });

        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Patience);

        var given = Execution.FromJson(Assert.Single(await pipeline.Queue.PullAsync(10, TimeSpan.Zero, Pipeline.None)).Body.Span);
        Assert.Equal((1, 0), (given.Returns, given.Claims));
    }

    [Fact]
    public async Task An_attempt_that_was_made_is_not_given_back_when_the_worker_stops()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        var (caller, outcomes) = (new ScriptedCaller(), new FaultyOutcomes(pipeline.Outcomes) { Refuses = true });
        var worker = new Worker(pipeline.Queue, outcomes, [caller], new WorkerOptions(), new NodeName("node"), pipeline.Time, NullLogger<Worker>.Instance);
        await worker.RunOnceAsync(Pipeline.None);
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));

        await PassAsync(pipeline, worker.DrainAsync(TimeSpan.FromSeconds(1)));

        var again = Assert.Single(await pipeline.Queue.PullAsync(10, TimeSpan.Zero, Pipeline.None));
        Assert.Equal(0, Execution.FromJson(again.Body.Span).Returns);
    }

    [Fact]
    public async Task A_stop_ends_also_while_the_queue_does_not_answer()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DispatchAsync(pipeline);
        var worker = new Worker(pipeline.Queue, pipeline.Outcomes, [new ScriptedCaller()], new WorkerOptions(), new NodeName("node"), pipeline.Time, NullLogger<Worker>.Instance);
        await worker.RunOnceAsync(Pipeline.None);
        pipeline.Queue.Hangs = true;

        await PassAsync(pipeline, worker.DrainAsync(TimeSpan.FromSeconds(1)));

        Assert.Empty(worker.Held);
    }

    [Fact]
    public async Task A_destination_that_hangs_keeps_nobody_else_waiting()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await PublishAsync(pipeline, 40, claims: 0);
        await PublishAsync(pipeline, 1, claims: 0, host: "quick.example");
        var caller = new ScriptedCaller();
        var options = new WorkerOptions { MaxHeld = 16, MaxPerDestination = 2 };
        await using var worker = new Worker(pipeline.Queue, pipeline.Outcomes, [caller], options, new NodeName("node"), pipeline.Time, NullLogger<Worker>.Instance);

        await worker.RunOnceAsync(Pipeline.None);
        await UntilAsync(() => caller.Calls.Count == options.MaxPerDestination);
        for (var beats = 0; beats < 4; beats++)
        {
            pipeline.Time.Advance(Deliveries.Heartbeat);
            await new Heartbeat(worker).RunOnceAsync(Pipeline.None);
        }

        await UntilAsync(async () =>
        {
            if (worker.Held.Count() < options.MaxHeld)
                await worker.RunOnceAsync(Pipeline.None);
            return caller.Calls.Any(e => e.Target.Destination == "quick.example");
        });

        Assert.Equal(options.MaxPerDestination, caller.Calls.Count(e => e.Target.Destination == "slow.example"));
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(2, 16)]
    [InlineData(50, 128)]
    public async Task At_a_slow_destination_each_time_puts_off_for_twice_as_long(int putOffs, int seconds)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await PublishAsync(pipeline, 8, claims: 0, putOffs: putOffs);
        var caller = new ScriptedCaller();
        var options = new WorkerOptions { MaxHeld = 16, MaxPerDestination = 1 };
        await using var worker = new Worker(pipeline.Queue, pipeline.Outcomes, [caller], options, new NodeName("node"), pipeline.Time, NullLogger<Worker>.Instance);

        await worker.RunOnceAsync(Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(30));
        var told = new List<Outcome>();
        await UntilAsync(async () =>
        {
            told.AddRange(await OutcomesAsync(pipeline));
            return told.Count > 0;
        });

        Assert.All(told, outcome => Assert.Equal((AttemptResult.PutOff, seconds), (outcome.Result, outcome.RetryAfter!.Value.TotalSeconds)));
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));
    }

    private static async Task DispatchAsync(Pipeline pipeline)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await pipeline.NewPartition().RunOnceAsync(Pipeline.None);
    }

    private static async Task PublishAsync(Pipeline pipeline, int count, int claims, string host = "slow.example", int putOffs = 0)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddYears(1) });
        var executions = Enumerable.Range(0, count).Select(i => new Execution
        {
            Tenant = "t",
            JobId = "job",
            JobVersion = 1,
            ExecutionId = $"job@{host}{i}",
            ScheduledAt = Pipeline.Start,
            Trigger = Trigger.Schedule,
            Attempt = 1 + putOffs,
            PutOffs = putOffs,
            Claims = claims,
            Target = new Target { Http = new HttpTarget { Url = $"https://{host}/" } },
            Retry = RetryPolicy.Default,
            TraceParent = TraceParent.New(),
        });
        await pipeline.Queue.PublishAsync([.. executions.Select(e => new StreamMessage(e.MessageId, Pipeline.Partition, e.ToJson()))], Pipeline.None);
    }

    private static async Task<List<Outcome>> OutcomesAsync(Pipeline pipeline) =>
        [.. (await pipeline.Outcomes.PullAsync(OutcomeReader.Settler, 100, TimeSpan.Zero, Pipeline.None)).Select(d => Outcome.FromJson(d.Body.Span))];

    /// <summary>Lets the fake time pass until it is done.</summary>
    private static async Task PassAsync(Pipeline pipeline, Task work)
    {
        await UntilAsync(async () =>
        {
            pipeline.Time.Advance(TimeSpan.FromMilliseconds(100));
            await SettleAsync();
            return work.IsCompleted;
        });
        await work;
    }

    private static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    /// <summary>Lets what can go on do so until it holds.</summary>
    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var started = TimeProvider.System.GetTimestamp(); !await holds(); await Task.Yield())
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "It does not come to hold.");
    }

    /// <summary>Lets what can go on do so.</summary>
    private static async Task SettleAsync()
    {
        for (var i = 0; i < 50; i++)
            await Task.Yield();
    }

    private static Worker NewWorker(Pipeline pipeline, ITargetCaller caller) =>
        new(pipeline.Queue, pipeline.Outcomes, [caller], new WorkerOptions(), new NodeName("node"), TimeProvider.System, NullLogger<Worker>.Instance);

    private sealed class ScriptedCaller : ITargetCaller
    {
        public TaskCompletionSource<Answer> Answers { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Called { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<Execution> Calls { get; } = [];

        public Func<Task> OnCall { get; init; } = () => Task.CompletedTask;

        public bool CannotTell { get; init; }

        bool ITargetCaller.Calls(Execution execution) => CannotTell ? throw new InvalidOperationException("a bug") : true;

        public async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
        {
            Calls.Enqueue(execution);
            await OnCall();
            Called.TrySetResult();
            return await Answers.Task.WaitAsync(cancellation);
        }
    }
}
