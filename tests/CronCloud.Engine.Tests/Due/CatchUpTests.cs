using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.History;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

public sealed class CatchUpTests
{
    [Fact]
    public async Task After_a_downtime_what_is_due_now_does_not_wait_for_what_is_caught_up()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DownForAsync(pipeline, TimeSpan.FromMinutes(20), CatchUp.Default);

        await pipeline.NewPartition().RunOnceAsync(Pipeline.None);
        var partition = pipeline.NewPartition();
        await partition.RunOnceAsync(Pipeline.None);
        await partition.RunOnceAsync(Pipeline.None);

        var first = (await pipeline.TakeAsync())[0];
        Assert.True(pipeline.Time.GetUtcNow() - first.ScheduledAt <= CatchUp.OnTime, $"The first one is due {first.ScheduledAt:T}, it is {pipeline.Time.GetUtcNow():T}.");
    }

    [Fact]
    public async Task Everything_is_caught_up_as_fast_as_the_queue_is_worked_off_and_no_faster()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DownForAsync(pipeline, TimeSpan.FromMinutes(20), CatchUp.Default);
        var partition = pipeline.NewPartition();

        var executions = new List<Execution>();
        for (var round = 0; round < 10; round++)
        {
            await pipeline.CatchUp.RunOnceAsync(Pipeline.None);
            await Pipeline.RunAsync(partition);
            Assert.InRange(await pipeline.Queue.CountAsync(Pipeline.None), 0, CatchUpBudget.MaxQueued + 40);
            executions.AddRange(await pipeline.TakeAsync());
        }

        Assert.Equal(20 * 60, executions.Count);
        Assert.Equal(executions.Count, executions.Select(e => e.ExecutionId).Distinct().Count());
    }

    [Fact]
    public async Task What_runs_long_and_what_crowds_the_queue_do_not_stop_a_catch_up()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DownForAsync(pipeline, TimeSpan.FromMinutes(20), CatchUp.Default);
        var running = await CrowdAsync(pipeline, 2 * CatchUpBudget.MaxQueued);
        await pipeline.Queue.PullAsync(running, TimeSpan.Zero, Pipeline.None);
        await pipeline.CatchUp.RunOnceAsync(Pipeline.None);
        Assert.Equal(CatchUpBudget.MaxQueued, pipeline.CatchUp.Take(int.MaxValue));

        await CrowdAsync(pipeline, 2 * CatchUpBudget.MaxQueued);
        await pipeline.CatchUp.RunOnceAsync(Pipeline.None);

        Assert.InRange(pipeline.CatchUp.Take(int.MaxValue), 1, CatchUpBudget.MaxQueued / 10);
    }

    private static async Task<int> CrowdAsync(Pipeline pipeline, int count)
    {
        var messages = Enumerable.Range(0, count).Select(_ => new StreamMessage(Guid.NewGuid().ToString(), 0, new byte[] { 1 })).ToList();
        Assert.DoesNotContain(false, await pipeline.Queue.PublishAsync(messages, Pipeline.None));
        return count;
    }

    [Theory]
    [InlineData(CatchUpPolicy.None, 30, (20 * 60) - 30)]
    [InlineData(CatchUpPolicy.Latest, 30, (20 * 60) - 30)]
    public async Task What_the_policy_lets_go_is_in_history_as_missed(CatchUpPolicy policy, int started, int missed)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DownForAsync(pipeline, TimeSpan.FromMinutes(20), new CatchUp { Policy = policy });
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await Pipeline.RunAsync(partition);

        await new HistoryWriter(pipeline.Outcomes, pipeline.History, pipeline.Time, NullLogger<HistoryWriter>.Instance).RunOnceAsync(Pipeline.None);

        Assert.Equal(started, (await pipeline.TakeAsync()).Count);
        var rows = (await pipeline.History.ListAsync(new HistoryQuery { Tenant = "t", Status = ExecutionStatus.Missed }, Pipeline.None)).Items;
        Assert.Equal(missed, rows.Sum(r => r.Last.Occurrences));
        Assert.All(rows, r => Assert.Contains("could not start in its time", r.Last.Error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_checkpoint_waits_for_what_is_not_caught_up_yet()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await DownForAsync(pipeline, TimeSpan.FromMinutes(20), CatchUp.Default);
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        await Pipeline.RunAsync(partition);
        await checkpoints.RunOnceAsync(Pipeline.None);
        await pipeline.TakeAsync();

        pipeline.Index.Empty();
        partition = pipeline.NewPartition(checkpoints);
        for (var round = 0; round < 10; round++)
        {
            await pipeline.CatchUp.RunOnceAsync(Pipeline.None);
            await Pipeline.RunAsync(partition);
            await pipeline.TakeAsync();
        }

        await checkpoints.RunOnceAsync(Pipeline.None);
        Assert.True(await pipeline.CheckpointStore.ReadAsync(Pipeline.Partition, Pipeline.None) >= pipeline.Time.GetUtcNow().AddSeconds(-1));
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.History, Pipeline.None));
    }

    private static async Task DownForAsync(Pipeline pipeline, TimeSpan span, CatchUp catchUp)
    {
        await pipeline.WriteJobAsync(Pipeline.EverySecond, catchUp: catchUp);
        pipeline.Time.Advance(span);
        await pipeline.CatchUp.RunOnceAsync(Pipeline.None);
    }
}
