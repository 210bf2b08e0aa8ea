using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Due;

public sealed class RebuildTests
{
    [Fact]
    public async Task An_emptied_index_is_noticed_and_built_from_the_checkpoint_on()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await RunAsync(pipeline, partition, 3);
        await checkpoints.RunOnceAsync(Pipeline.None);
        Assert.Equal(3, (await pipeline.TakeAsync()).Count);

        pipeline.Index.Empty();
        await RunAsync(pipeline, partition, 3);

        Assert.Equal(["job@20261201T030004Z", "job@20261201T030005Z", "job@20261201T030006Z"], (await pipeline.TakeAsync()).Select(e => e.ExecutionId));
    }

    [Fact]
    public async Task An_index_that_is_emptied_between_two_looks_moves_no_checkpoint()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await RunAsync(pipeline, partition, 3);
        pipeline.Time.Advance(TimeSpan.FromSeconds(0.9));
        await Pipeline.RunAsync(partition);

        pipeline.Index.Empty();
        pipeline.Time.Advance(TimeSpan.FromSeconds(0.2));
        await Pipeline.RunAsync(partition);
        await checkpoints.RunOnceAsync(Pipeline.None);
        await RunAsync(pipeline, partition, 1);

        Assert.Equal(5, (await pipeline.TakeAsync()).Count);
    }

    [Fact]
    public async Task What_was_dispatched_behind_the_checkpoint_starts_nothing_twice()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await RunAsync(pipeline, partition, 3);

        pipeline.Index.Empty();
        await RunAsync(pipeline, pipeline.NewPartition(), 2);

        Assert.Equal(5, (await pipeline.TakeAsync()).Count);
    }

    [Fact]
    public async Task A_pending_retry_and_a_triggered_execution_survive_the_index()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        await RunAsync(pipeline, partition, 1);
        await pipeline.PublishAsync(pipeline.OutcomeOf((await pipeline.TakeAsync())[0], AttemptResult.Failed, 500));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        var triggered = await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);

        pipeline.Index.Empty();
        await RunAsync(pipeline, pipeline.NewPartition(), 20);

        var executions = await pipeline.TakeAsync();
        Assert.Contains(executions, e => e.ExecutionId == triggered.ExecutionId);
        Assert.Contains(executions, e => e is { ExecutionId: "job@20261201T030001Z", Attempt: 2 });
    }

    [Fact]
    public async Task An_index_that_is_whole_is_not_built_again_whatever_the_time()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);

        for (var runs = 0; runs < 5; runs++)
        {
            pipeline.Time.Advance(TimeSpan.FromTicks(12_345_678));
            Assert.NotEqual(DuePartition.BuildPause, await partition.RunOnceAsync(Pipeline.None));
        }
    }

    private static async Task RunAsync(Pipeline pipeline, DuePartition partition, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
            await Pipeline.RunAsync(partition);
        }
    }
}
