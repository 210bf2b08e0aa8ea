using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.History;
using CronCloud.Engine.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

public sealed class OverlapTests
{
    [Fact]
    public async Task Skip_starts_nothing_while_the_one_before_runs_and_says_so_in_history()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await StartAsync(pipeline, Overlap.Skip);
        var first = Assert.Single(await pipeline.TakeAsync());

        await SecondAsync(pipeline, partition);
        Assert.Empty(await pipeline.TakeAsync());
        await EndAsync(pipeline, first);
        await SecondAsync(pipeline, partition);

        Assert.Equal("job@20261201T030003Z", Assert.Single(await pipeline.TakeAsync()).ExecutionId);
        await new HistoryWriter(pipeline.Outcomes, pipeline.History, pipeline.Time, NullLogger<HistoryWriter>.Instance).RunOnceAsync(Pipeline.None);
        var skipped = Assert.Single((await pipeline.History.ListAsync(new HistoryQuery { Tenant = "t", Status = ExecutionStatus.Skipped }, Pipeline.None)).Items);
        Assert.Equal("job@20261201T030002Z", skipped.Last.ExecutionId);
        Assert.Contains("still runs", skipped.Last.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_claimed_its_slot_and_may_be_in_the_queue_is_started_though_its_policy_lets_go_what_is_late()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await ClaimAndBeRefusedAsync(pipeline, new CatchUp { Policy = CatchUpPolicy.None });
        pipeline.Time.Advance(CatchUp.OnTime + TimeSpan.FromSeconds(1));
        pipeline.Queue.Refuses = false;
        for (var runs = 0; runs < 3; runs++)
            await Pipeline.RunAsync(partition);

        var claimed = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal("job@20261201T030001Z", claimed.ExecutionId);
        await EndAsync(pipeline, claimed);
        await SecondAsync(pipeline, partition);

        Assert.Single(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task What_has_ended_before_the_index_could_advance_is_not_started_again_by_a_queue_that_forgot_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond, overlap: Overlap.Queue);
        await Pipeline.RunAsync(partition);
        pipeline.Index.BreaksBeforeAdvance = true;
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<IOException>(() => partition.RunOnceAsync(Pipeline.None));
        await EndAsync(pipeline, Assert.Single(await pipeline.TakeAsync()));

        pipeline.Queue.Forgets = true;
        pipeline.Index.BreaksBeforeAdvance = false;
        await SecondAsync(pipeline, partition);

        Assert.Equal("job@20261201T030002Z", Assert.Single(await pipeline.TakeAsync()).ExecutionId);
    }

    [Fact]
    public async Task What_was_queued_before_its_job_was_edited_to_skip_frees_the_slot_that_the_edit_claimed_for_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await StartAsync(pipeline, Overlap.Allow);
        var first = Assert.Single(await pipeline.TakeAsync());
        var job = (await pipeline.Jobs.FindAsync(new JobKey("t", "job"), Pipeline.None))!;
        var edited = job with { Version = 2, UpdatedAt = first.ScheduledAt.AddMilliseconds(-500), Definition = job.Definition with { Overlap = Overlap.Skip } };
        await pipeline.Jobs.WriteAsync(edited, new Revision(2, edited.UpdatedAt, "test", "updated", JobState.Active, edited.Definition), Pipeline.None);
        await pipeline.Index.ArmAsync(Pipeline.Partition, [DueItem.EntryOf(edited, edited.UpdatedAt, pipeline.Time.GetUtcNow()) with { Since = edited.UpdatedAt }], Pipeline.None);
        await Pipeline.RunAsync(partition);
        Assert.Equal(first.EntryKey, Assert.Single(await pipeline.Index.ReadSlotsAsync(Pipeline.Partition, Pipeline.None)).Execution);

        await EndAsync(pipeline, first);
        await SecondAsync(pipeline, partition);

        Assert.Equal("job@20261201T030002Z", Assert.Single(await pipeline.TakeAsync()).ExecutionId);
    }

    [Fact]
    public async Task What_claimed_its_slot_and_may_be_in_the_queue_is_started_though_its_job_was_deleted_and_frees_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await ClaimAndBeRefusedAsync(pipeline);
        await pipeline.Book.ChangeAsync(new ChangeJob { Tenant = "t", Id = "job", Action = JobAction.Delete, By = "test" }, Pipeline.None);
        pipeline.Queue.Refuses = false;
        await SecondAsync(pipeline, partition);
        await SecondAsync(pipeline, partition);

        await EndAsync(pipeline, Assert.Single(await pipeline.TakeAsync()));

        Assert.Empty(await pipeline.Index.ReadSlotsAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task Queue_lets_one_wait_and_skips_the_others()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await StartAsync(pipeline, Overlap.Queue);
        var first = Assert.Single(await pipeline.TakeAsync());

        await SecondAsync(pipeline, partition);
        await SecondAsync(pipeline, partition);
        Assert.Empty(await pipeline.TakeAsync());
        Assert.Equal("job@20261201T030002Z", Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Execution.ExecutionId);
        await EndAsync(pipeline, first);
        await Pipeline.RunAsync(partition);

        var second = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal("job@20261201T030002Z", second.ExecutionId);
        await EndAsync(pipeline, second);
        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        Assert.Empty(await pipeline.Index.ReadSlotsAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task Who_waits_survives_the_loss_of_the_index()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await StartAsync(pipeline, Overlap.Queue);
        await pipeline.TakeAsync();
        await SecondAsync(pipeline, partition);

        pipeline.Index.Empty();
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Contains(await pipeline.TakeAsync(), e => e.ExecutionId == "job@20261201T030002Z");
    }

    [Fact]
    public async Task A_retrying_execution_keeps_its_slot()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await StartAsync(pipeline, Overlap.Skip);
        var first = Assert.Single(await pipeline.TakeAsync());
        await pipeline.PublishAsync(pipeline.OutcomeOf(first, AttemptResult.Failed, 500));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        await SecondAsync(pipeline, partition);
        Assert.Empty(await pipeline.TakeAsync());
        for (var second = 0; second < 10; second++)
            await SecondAsync(pipeline, partition);

        Assert.Equal((first.ExecutionId, 2), Assert.Single((await pipeline.TakeAsync()).Select(e => (e.ExecutionId, e.Attempt))));
    }

    [Fact]
    public async Task A_crash_between_claim_and_advance_starts_it_all_the_same()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(Pipeline.EverySecond, overlap: Overlap.Skip);
        await Pipeline.RunAsync(pipeline.NewPartition());
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        pipeline.Index.BreaksBeforeAdvance = true;
        await Assert.ThrowsAsync<IOException>(() => Pipeline.RunAsync(pipeline.NewPartition()));
        pipeline.Index.BreaksBeforeAdvance = false;

        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Equal("job@20261201T030001Z", Assert.Single(await pipeline.TakeAsync()).ExecutionId);
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.History, Pipeline.None));
    }

    [Fact]
    public async Task A_drop_that_was_told_before_the_execution_started_all_the_same_frees_no_slot()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await StartAsync(pipeline, Overlap.Skip);
        var first = Assert.Single(await pipeline.TakeAsync());
        pipeline.Index.BreaksBeforeAdvance = true;
        await Assert.ThrowsAsync<IOException>(() => SecondAsync(pipeline, partition));
        pipeline.Index.BreaksBeforeAdvance = false;
        await pipeline.Index.LandAsync(Pipeline.Partition, [new Landing(first.AttemptId, null) { Frees = first.Slot }], pipeline.Time.GetUtcNow(), Pipeline.None);

        await Pipeline.RunAsync(partition);
        var second = Assert.Single(await pipeline.TakeAsync());
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Equal(second.Slot, Assert.Single(await pipeline.Index.ReadSlotsAsync(Pipeline.Partition, Pipeline.None)));
    }

    [Fact]
    public async Task An_execution_asked_for_by_hand_waits_its_turn_too()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = await StartAsync(pipeline, Overlap.Queue);
        var first = Assert.Single(await pipeline.TakeAsync());
        var asked = await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());

        await EndAsync(pipeline, first);
        await Pipeline.RunAsync(partition);

        Assert.Equal(asked.ExecutionId, Assert.Single(await pipeline.TakeAsync()).ExecutionId);
    }

    private static async Task<DuePartition> StartAsync(Pipeline pipeline, Overlap overlap)
    {
        await pipeline.WriteJobAsync(Pipeline.EverySecond, overlap: overlap);
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await SecondAsync(pipeline, partition);
        return partition;
    }

    /// <summary>The job's first occurrence has claimed its slot, and the queue does not answer.</summary>
    private static async Task<DuePartition> ClaimAndBeRefusedAsync(Pipeline pipeline, CatchUp? catchUp = null)
    {
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond, overlap: Overlap.Skip, catchUp: catchUp);
        await Pipeline.RunAsync(partition);
        pipeline.Queue.Refuses = true;
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<IOException>(() => partition.RunOnceAsync(Pipeline.None));
        return partition;
    }

    private static Task SecondAsync(Pipeline pipeline, DuePartition partition)
    {
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        return Pipeline.RunAsync(partition);
    }

    private static async Task EndAsync(Pipeline pipeline, Execution execution)
    {
        await pipeline.PublishAsync(pipeline.OutcomeOf(execution, AttemptResult.Succeeded, 200));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
    }
}
