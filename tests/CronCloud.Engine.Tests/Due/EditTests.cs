using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Due;

public sealed class EditTests
{
    [Theory]
    [InlineData(JobAction.Pause)]
    [InlineData(JobAction.Put)]
    public async Task An_occurrence_that_is_due_and_not_started_yet_survives_an_edit(JobAction edit)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await Pipeline.RunAsync(partition);
        pipeline.Time.Advance(TimeSpan.FromSeconds(2.1));

        if (edit == JobAction.Put)
            await pipeline.WriteJobAsync(new ScheduleSpec { Every = TimeSpan.FromSeconds(10), Anchor = Pipeline.Start.AddYears(-1) });
        else
            await pipeline.ChangeAsync(edit);
        for (var second = 0; second < 8; second++)
        {
            await pipeline.CatchUp.RunOnceAsync(Pipeline.None);
            await Pipeline.RunAsync(partition);
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        }

        await Pipeline.RunAsync(partition);
        string[] before = ["job@20261201T030001Z", "job@20261201T030002Z"];
        string[] after = edit == JobAction.Put ? ["job@20261201T030010Z"] : [];
        Assert.Equal(before.Concat(after), (await pipeline.TakeAsync()).Select(e => e.ExecutionId));
    }

    [Fact]
    public async Task An_edit_starts_nothing_twice()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        for (var second = 0; second < 5; second++)
        {
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
            await Pipeline.RunAsync(partition);
            await pipeline.WriteJobAsync(Pipeline.EverySecond with { EndAt = Pipeline.Start.AddDays(second + 1) });
        }

        Assert.Equal(Enumerable.Range(1, 5).Select(s => $"job@20261201T03000{s}Z"), (await pipeline.TakeAsync()).Select(e => e.ExecutionId));
    }

    [Fact]
    public async Task A_deleted_job_is_not_tried_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);
        await pipeline.PublishAsync(pipeline.OutcomeOf((await pipeline.TakeAsync())[0], AttemptResult.Failed, 500));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        await pipeline.ChangeAsync(JobAction.Delete);

        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
    }

    [Fact]
    public async Task A_deleted_job_starts_nothing_that_is_left_over()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await Pipeline.RunAsync(partition);
        pipeline.Time.Advance(TimeSpan.FromMinutes(5));
        await partition.RunOnceAsync(Pipeline.None);
        var due = (await pipeline.TakeAsync()).Count;

        await pipeline.ChangeAsync(JobAction.Delete);
        await pipeline.CatchUp.RunOnceAsync(Pipeline.None);
        await Pipeline.RunAsync(partition);

        Assert.InRange(due, 0, 1);
        Assert.Empty(await pipeline.TakeAsync());
    }
}
