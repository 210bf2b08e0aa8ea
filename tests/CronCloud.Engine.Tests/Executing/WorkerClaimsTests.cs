using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>Workers that claimed an execution and were not heard of again.</summary>
public sealed class WorkerClaimsTests
{
    [Fact]
    public async Task An_execution_whose_workers_all_die_ends_as_a_worker_crash_and_is_not_tried_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        for (var claim = 0; claim < Worker.MaxClaims; claim++)
        {
            Assert.Single(await pipeline.Queue.PullAsync(1, TimeSpan.Zero, Pipeline.None));
            pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        }

        await using var worker = Workers.New(pipeline, new ScriptedCaller());
        await worker.RunOnceAsync(Pipeline.None);
        await worker.DrainAsync(Workers.Patience);

        var outcome = Outcome.FromJson(Assert.Single(await pipeline.Outcomes.PullAsync(OutcomeReader.Settler, 1, TimeSpan.Zero, Pipeline.None)).Body.Span);
        Assert.StartsWith("worker-crash: 3 workers", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(ExecutionStatus.DeadLettered, Settlement.Of(outcome).Status);
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_is_none_that_crashed()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.DispatchAsync(pipeline);
        for (var deployments = 0; deployments < 2 * Worker.MaxClaims; deployments++)
        {
            await using var worker = Workers.New(pipeline, new ScriptedCaller());
            await worker.RunOnceAsync(Pipeline.None);
            Assert.Single(worker.Held);
            await worker.DrainAsync(TimeSpan.Zero);
        }

        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
        Assert.Equal(1, await pipeline.Queue.CountAsync(Pipeline.None));
    }

    [Fact]
    public async Task After_one_death_executions_run_side_by_side()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 5, claims: 1);
        var caller = new ScriptedCaller();
        await using var worker = Workers.New(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);

        Assert.Equal(5, caller.Calls.Count);
    }

    [Fact]
    public async Task After_two_deaths_one_execution_runs_and_the_others_are_put_off_before_it_begins()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 5, claims: 2);
        var putOff = new List<Outcome>();
        var caller = new ScriptedCaller { OnCall = async () => putOff = await Workers.OutcomesAsync(pipeline) };
        await using var worker = Workers.New(pipeline, caller);

        await worker.RunOnceAsync(Pipeline.None);
        await caller.Called.Task.WaitAsync(Workers.Patience);

        Assert.Equal(4, putOff.Count);
        Assert.All(putOff, outcome => Assert.Equal((AttemptResult.PutOff, 2), (outcome.Result, Settlement.NextAttempt(outcome).Claims)));
        Assert.Equal([300, 350, 400, 450], putOff.Select(outcome => outcome.RetryAfter!.Value.TotalMilliseconds).Order());
        Assert.Equal(1, await pipeline.Queue.CountAsync(Pipeline.None));
        Assert.Single(caller.Calls);
    }
}
