using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Jobs;

public sealed class JobBookTests
{
    [Fact]
    public async Task A_job_is_armed_before_the_answer()
    {
        await using var pipeline = await Pipeline.OpenAsync();

        var job = await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "0 4 * * *" });

        var entry = (await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))!;
        Assert.Equal((1L, Pipeline.Start.AddHours(1)), (entry.Version, entry.Due));
        Assert.Equal(1, job.Version);
    }

    [Fact]
    public async Task An_edit_arms_the_new_schedule_from_now()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "0 4 * * *" });
        pipeline.Time.Advance(TimeSpan.FromMinutes(10));

        await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "*/15 * * * *" });

        var entry = (await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))!;
        Assert.Equal((2L, Pipeline.Start.AddMinutes(15)), (entry.Version, entry.Due));
    }

    [Fact]
    public async Task Many_changes_at_once_are_all_made_or_refused_and_versions_are_contiguous()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "0 4 * * *" });

        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => pipeline.ChangeAsync(i % 2 == 0 ? JobAction.Pause : JobAction.Resume)));

        var made = replies.Count(r => r.Job is not null);
        Assert.Equal(replies.Length, made + replies.Count(r => r.Refused?.Code == RefusalCode.VersionConflict));
        var revisions = (await pipeline.Jobs.ListRevisionsAsync(new JobKey("t", "job"), 100, null, Pipeline.None)).Items;
        Assert.Equal(Enumerable.Range(1, revisions.Count).Reverse().Select(v => (long)v), revisions.Select(r => r.Version));
    }

    [Fact]
    public async Task Writing_a_job_that_has_ended_once_more_does_not_start_it_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var schedule = new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) };
        await pipeline.WriteJobAsync(schedule);
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        for (var minutes = 0; minutes < 30; minutes++)
        {
            pipeline.Time.Advance(TimeSpan.FromMinutes(1));
            await Pipeline.RunAsync(partition);
            await checkpoints.RunOnceAsync(Pipeline.None);
        }

        await pipeline.WriteJobAsync(schedule);
        await pipeline.ChangeAsync(JobAction.Resume);
        await Pipeline.RunAsync(partition);

        Assert.Single(await pipeline.TakeAsync(), e => e.Redispatch == 0);
    }

    [Fact]
    public async Task A_change_that_could_not_be_armed_is_armed_from_the_record()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "0 4 * * *" });
        pipeline.Index.Empty();

        await pipeline.Book.RearmAsync(new JobKey("t", "job"), Pipeline.None);

        Assert.Equal(Pipeline.Start.AddHours(1), (await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))!.Due);
    }

    [Theory]
    [InlineData(JobAction.Pause)]
    [InlineData(JobAction.Resume)]
    [InlineData(JobAction.Delete)]
    public async Task What_is_not_there_cannot_be_changed(JobAction action)
    {
        await using var pipeline = await Pipeline.OpenAsync();

        Assert.Equal(RefusalCode.NotFound, (await pipeline.ChangeAsync(action)).Refused!.Code);
    }

    [Fact]
    public async Task A_trigger_that_is_sent_again_is_the_same_execution()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "0 4 * * *" });
        var trigger = new TriggerJob { Tenant = "t", Id = "job", Asked = (Pipeline.Start, "n") };

        var first = await pipeline.Book.TriggerAsync(trigger, Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromMinutes(1));
        var again = await pipeline.Book.TriggerAsync(trigger, Pipeline.None);
        var other = await pipeline.Book.TriggerAsync(trigger with { Asked = (Pipeline.Start, "o") }, Pipeline.None);

        Assert.Equal(("job@20261201T030000Z-mn", "job@20261201T030000Z-mn", "job@20261201T030000Z-mo"), (first.ExecutionId, again.ExecutionId, other.ExecutionId));
        Assert.Equal(2, (await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Count);
    }

    [Fact]
    public async Task A_trigger_whose_arming_failed_is_armed_when_it_is_sent_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "0 4 * * *" });
        var trigger = new TriggerJob { Tenant = "t", Id = "job", Asked = (Pipeline.Start, "n") };
        await pipeline.Book.TriggerAsync(trigger, Pipeline.None);
        pipeline.Index.Empty();

        await pipeline.Book.TriggerAsync(trigger, Pipeline.None);

        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        Assert.Equal(Pipeline.Start, (await pipeline.Index.FindAsync(Pipeline.Partition, $"{Pipeline.EntryKey}@20261201T030000Z-mn", Pipeline.None))!.Due);
    }

    [Fact]
    public async Task A_trigger_that_is_sent_again_after_its_execution_ended_makes_none()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { Cron = "0 4 * * *" });
        var trigger = new TriggerJob { Tenant = "t", Id = "job", Asked = (Pipeline.Start, "n") };
        await pipeline.Book.TriggerAsync(trigger, Pipeline.None);
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await pipeline.PublishAsync(pipeline.OutcomeOf(Assert.Single(await pipeline.TakeAsync()), AttemptResult.Succeeded, 200));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Equal("job@20261201T030000Z-mn", (await pipeline.Book.TriggerAsync(trigger, Pipeline.None)).ExecutionId);
        await Pipeline.RunAsync(partition);

        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        Assert.Empty(await pipeline.TakeAsync());
    }
}
