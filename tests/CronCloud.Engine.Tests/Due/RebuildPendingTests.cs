using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Due;

/// <summary>What waits in the record when the index is built again: it goes on, and what has ended does not.</summary>
public sealed class RebuildPendingTests
{
    [Fact]
    public async Task A_pending_retry_and_a_triggered_execution_survive_the_index()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        await pipeline.RunAsync(partition, 1);
        await pipeline.PublishAsync(pipeline.OutcomeOf((await pipeline.TakeAsync())[0], AttemptResult.Failed, 500));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        var triggered = await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);

        pipeline.Index.Empty();
        await pipeline.RunAsync(pipeline.NewPartition(), 20);

        var executions = await pipeline.TakeAsync();
        Assert.Contains(executions, e => e.ExecutionId == triggered.ExecutionId);
        Assert.Contains(executions, e => e is { ExecutionId: "job@20261201T030001Z", Attempt: 2 });
    }

    /// <summary>Its row was written once more after it was removed: an outcome was told twice, to two settlers.</summary>
    [Theory]
    [InlineData(2, AttemptResult.Succeeded, false)]
    [InlineData(1, AttemptResult.Succeeded, false)]
    [InlineData(1, AttemptResult.Failed, true)]
    public async Task A_retry_that_should_have_been_made_before_is_made_unless_history_knows_that_its_execution_has_ended(int attempt, AttemptResult result, bool isMade)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) }, overlap: Overlap.Skip);
        var execution = DuePlan.ExecutionOf(DueJob.Of(job), job.Version, Pipeline.Start.AddSeconds(1), TraceParent.New());
        await pipeline.History.WriteAsync([HistoryRow.Of(pipeline.OutcomeOf(execution with { Attempt = attempt }, result, 500))], Pipeline.None);
        await pipeline.Pending.KeepAsync([new PendingExecution(execution with { Attempt = 2 }, Pipeline.Start.AddSeconds(3))], Pipeline.None);
        await KeepCheckpointAsync(pipeline, seconds: 70);
        pipeline.Index.Empty();

        pipeline.Time.Advance(TimeSpan.FromSeconds(70));
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Equal(isMade ? [2] : [], (await pipeline.TakeAsync()).Select(e => e.Attempt));
        Assert.Equal(isMade ? 1 : 0, (await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Count);
        Assert.Equal(isMade ? 1 : 0, (await pipeline.Index.ReadSlotsAsync(Pipeline.Partition, Pipeline.None)).Count);
    }

    [Fact]
    public async Task A_retry_that_should_have_been_made_before_is_made_while_history_is_away()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        var execution = DuePlan.ExecutionOf(DueJob.Of(job), job.Version, Pipeline.Start.AddSeconds(1), TraceParent.New());
        await pipeline.Pending.KeepAsync([new PendingExecution(execution with { Attempt = 2 }, Pipeline.Start.AddSeconds(3))], Pipeline.None);
        await KeepCheckpointAsync(pipeline, seconds: 70);
        pipeline.Index.Empty();
        pipeline.TakeHistoryAway();

        pipeline.Time.Advance(TimeSpan.FromSeconds(70));
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Equal([2], (await pipeline.TakeAsync()).Select(e => e.Attempt));
    }

    /// <summary>The dead letter of the attempt before is why it waits.</summary>
    [Fact]
    public async Task What_was_redriven_is_not_over_by_what_came_before()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        var execution = DuePlan.ExecutionOf(DueJob.Of(job), job.Version, Pipeline.Start.AddSeconds(1), TraceParent.New());
        await pipeline.History.WriteAsync([HistoryRow.Of(pipeline.OutcomeOf(execution, AttemptResult.Failed) with { IsFinal = true })], Pipeline.None);
        await pipeline.DeadLetters.KeepAsync([DeadLetter.Of(pipeline.OutcomeOf(execution, AttemptResult.Failed))], Pipeline.None);
        await pipeline.Pending.KeepAsync([new PendingExecution(execution with { Attempt = 2, FirstAttempt = 2 }, Pipeline.Start.AddSeconds(3))], Pipeline.None);
        await KeepCheckpointAsync(pipeline, seconds: 70);
        pipeline.Index.Empty();

        pipeline.Time.Advance(TimeSpan.FromSeconds(70));
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Equal([2], (await pipeline.TakeAsync()).Select(e => e.Attempt));
    }

    private static Task KeepCheckpointAsync(Pipeline pipeline, int seconds) =>
        pipeline.CheckpointStore.WriteAsync(new Dictionary<int, DateTimeOffset> { [Pipeline.Partition] = Pipeline.Start.AddSeconds(seconds) }, Pipeline.None);
}
