using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;

namespace CronCloud.Engine.Tests.Due;

public sealed class LostFlightsTests
{
    [Fact]
    public async Task An_attempt_that_history_knows_is_settled_and_not_made_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        await pipeline.History.WriteAsync([HistoryRow.Of(pipeline.OutcomeOf(execution, AttemptResult.Failed, 500))], Pipeline.None);

        await PassDeadlineAsync(pipeline, partition, execution);
        Assert.Empty(await pipeline.TakeAsync());
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Equal(2, Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Execution.Attempt);
    }

    [Fact]
    public async Task An_attempt_before_one_that_history_knows_is_over_and_not_told_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        var first = pipeline.OutcomeOf(execution, AttemptResult.Failed, 404);
        await pipeline.History.WriteAsync([HistoryRow.Of(first), HistoryRow.Of(pipeline.OutcomeOf(DeadLetter.Of(first).Redriven(), AttemptResult.Succeeded, 200))], Pipeline.None);

        await PassDeadlineAsync(pipeline, partition, execution);

        Assert.Empty(await pipeline.TakeAsync());
        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
    }

    [Fact]
    public async Task An_attempt_that_is_dispatched_again_counts_the_claim_that_was_lost()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);

        for (var times = 1; times <= 3; times++)
        {
            await PassDeadlineAsync(pipeline, partition, execution);
            var again = Assert.Single(await pipeline.TakeAsync());
            Assert.Equal((execution.ExecutionId, 1, times, times), (again.ExecutionId, again.Attempt, again.Redispatch, again.Claims));
        }
    }

    private static async Task<(DuePartition Partition, Execution Execution)> StartAsync(Pipeline pipeline)
    {
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);
        return (partition, Assert.Single(await pipeline.TakeAsync()));
    }

    private static Task PassDeadlineAsync(Pipeline pipeline, DuePartition partition, Execution execution)
    {
        pipeline.Time.Advance(execution.Target.Timeout + DuePlan.Grace);
        return Pipeline.RunAsync(partition);
    }
}
