using CronCloud.Core.Due;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Due;

public sealed class DuePartitionTests
{
    [Fact]
    public async Task A_record_that_does_not_answer_holds_up_what_is_due_for_a_second_and_is_then_left_alone()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        pipeline.Jobs.Hangs = true;
        var before = pipeline.Jobs.TimesAsked;

        var run = partition.RunOnceAsync(Pipeline.None);
        Assert.Equal(before + 1, pipeline.Jobs.TimesAsked);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await run;
        Assert.Equal(2, (await pipeline.TakeAsync()).Count);
        await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        await partition.RunOnceAsync(Pipeline.None);

        Assert.Single(await pipeline.TakeAsync());
        Assert.Equal(before + 1, pipeline.Jobs.TimesAsked);
    }

    [Fact]
    public async Task A_job_starts_at_its_due_time_and_not_before()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddMilliseconds(400) });

        await Pipeline.RunAsync(partition);
        Assert.Equal(TimeSpan.FromMilliseconds(400), await partition.RunOnceAsync(Pipeline.None));
        pipeline.Time.Advance(TimeSpan.FromMilliseconds(399));
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());
        pipeline.Time.Advance(TimeSpan.FromMilliseconds(1));
        await Pipeline.RunAsync(partition);

        var execution = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal(("job@20261201T030000.400Z", 1), (execution.ExecutionId, execution.Attempt));
    }

    [Fact]
    public async Task Everything_missed_is_caught_up_once_and_in_order()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Time.Advance(TimeSpan.FromSeconds(5));

        await Pipeline.RunAsync(partition);

        Assert.Equal(["job@20261201T030001Z", "job@20261201T030002Z", "job@20261201T030003Z", "job@20261201T030004Z", "job@20261201T030005Z"], (await pipeline.TakeAsync()).Select(e => e.ExecutionId));
    }

    [Fact]
    public async Task What_the_queue_refuses_stays_due()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        pipeline.Queue.Refuses = true;

        await Assert.ThrowsAsync<IOException>(() => Pipeline.RunAsync(partition));
        pipeline.Queue.Refuses = false;
        await Pipeline.RunAsync(partition);

        Assert.Single(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task A_crash_between_publish_and_advance_starts_nothing_twice()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        pipeline.Index.BreaksBeforeAdvance = true;
        await Assert.ThrowsAsync<IOException>(() => Pipeline.RunAsync(pipeline.NewPartition()));
        pipeline.Index.BreaksBeforeAdvance = false;

        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Single(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task Two_owners_of_a_partition_start_each_execution_once()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (one, two) = (pipeline.NewPartition(), pipeline.NewPartition());
        await pipeline.WriteJobAsync(Pipeline.EverySecond);

        for (var second = 0; second < 5; second++)
        {
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAll(Pipeline.RunAsync(one), Pipeline.RunAsync(two));
        }

        Assert.Equal(5, (await pipeline.TakeAsync()).Count);
    }

    [Fact]
    public async Task An_attempt_without_an_outcome_is_dispatched_again_with_the_same_key()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);
        var first = Assert.Single(await pipeline.TakeAsync());

        pipeline.Time.Advance(first.Target.Timeout + DuePlan.Grace);
        await Pipeline.RunAsync(partition);

        var again = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal((first.ExecutionId, 1, 1), (again.ExecutionId, again.Attempt, again.Redispatch));
        Assert.NotEqual(first.MessageId, again.MessageId);
    }

    [Fact]
    public async Task An_unreadable_entry_is_put_off_and_stops_nobody()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await pipeline.Index.ArmAsync(Pipeline.Partition, [new DueEntry("t/broken", 1, Pipeline.Start, "{"u8.ToArray())], Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));

        await Pipeline.RunAsync(partition);

        Assert.Single(await pipeline.TakeAsync());
        Assert.Equal(Pipeline.Start.AddSeconds(61), (await pipeline.Index.FindAsync(Pipeline.Partition, "t/broken", Pipeline.None))!.Due);
    }

    [Theory]
    [InlineData(JobAction.Pause)]
    [InlineData(JobAction.Delete)]
    public async Task A_paused_or_deleted_job_starts_no_more(JobAction action)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await pipeline.ChangeAsync(action);
        pipeline.Time.Advance(TimeSpan.FromSeconds(30));

        await Pipeline.RunAsync(partition);

        Assert.Empty(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task A_resumed_job_goes_on_from_now()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await pipeline.ChangeAsync(JobAction.Pause);
        pipeline.Time.Advance(TimeSpan.FromSeconds(30));
        await pipeline.ChangeAsync(JobAction.Resume);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));

        await Pipeline.RunAsync(partition);

        Assert.Equal("job@20261201T030031Z", Assert.Single(await pipeline.TakeAsync()).ExecutionId);
    }
}
