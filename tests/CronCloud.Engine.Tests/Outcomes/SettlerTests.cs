using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Outcomes;

public sealed class SettlerTests
{
    private static readonly RetryPolicy Retry = new() { MaxRetries = 1, InitialDelay = TimeSpan.FromSeconds(10), Jitter = false };

    [Fact]
    public async Task A_failure_is_tried_again_after_its_pause_and_once_only()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        var first = await DispatchAsync(pipeline);
        var failed = pipeline.OutcomeOf(first, AttemptResult.Failed, 500);
        await pipeline.PublishAsync(failed);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));

        pipeline.Time.Advance(TimeSpan.FromSeconds(9.9));
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());
        pipeline.Time.Advance(TimeSpan.FromSeconds(0.1));
        await Pipeline.RunAsync(partition);
        var second = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal((first.ExecutionId, 2), (second.ExecutionId, second.Attempt));

        await pipeline.Outcomes.PublishAsync([new StreamMessage("the first outcome once more", Pipeline.Partition, failed.ToJson())], Pipeline.None);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task The_end_of_an_execution_clears_flight_and_record()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.PublishAsync(pipeline.OutcomeOf(await DispatchAsync(pipeline), AttemptResult.TimedOut));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await Pipeline.RunAsync(partition);
        Assert.Single(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));

        await pipeline.PublishAsync(pipeline.OutcomeOf(Assert.Single(await pipeline.TakeAsync()), AttemptResult.Succeeded, 200));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task A_triggered_execution_is_in_the_record_until_it_ends()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddYears(1) });
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        await Pipeline.RunAsync(partition);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));

        await pipeline.PublishAsync(pipeline.OutcomeOf(Assert.Single(await pipeline.TakeAsync()), AttemptResult.Succeeded, 200));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task An_outcome_that_cannot_be_read_is_taken_out()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.Outcomes.PublishAsync([new StreamMessage("x", Pipeline.Partition, "nonsense"u8.ToArray())], Pipeline.None);

        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
    }

    private static async Task<Core.Executions.Execution> DispatchAsync(Pipeline pipeline)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) }, Retry);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(pipeline.NewPartition());
        return Assert.Single(await pipeline.TakeAsync());
    }
}
