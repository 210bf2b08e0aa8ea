using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using CronCloud.Engine.Outcomes;

namespace CronCloud.Engine.Tests.Outcomes;

public sealed class DeadLetterTests
{
    private static readonly RetryPolicy OneRetry = new() { MaxRetries = 1, InitialDelay = TimeSpan.FromSeconds(10), Jitter = false };

    [Fact]
    public async Task What_used_up_its_attempts_is_a_dead_letter_with_all_of_them()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();

        var last = await UseUpAsync(pipeline, partition);

        var letter = (await pipeline.DeadLetters.FindAsync("t", last.ExecutionId, Pipeline.None))!;
        Assert.Equal([1, 2], letter.Attempts.Select(a => a.Number));
        Assert.Equal("answered 500", letter.Error);
        Assert.Equal("https://example.com", letter.Execution.Target.Http!.Url);
        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task A_redrive_keeps_id_and_due_time_and_starts_a_new_round()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        var last = await UseUpAsync(pipeline, partition);
        pipeline.Time.Advance(TimeSpan.FromHours(1));

        Assert.True(await NewRedrive(pipeline).OneAsync("t", last.ExecutionId, Pipeline.None));
        Assert.False(await NewRedrive(pipeline).OneAsync("t", last.ExecutionId, Pipeline.None));
        await Pipeline.RunAsync(partition);
        await Pipeline.RunAsync(partition);

        var third = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal((last.ExecutionId, last.ScheduledAt, 3, Trigger.Redrive), (third.ExecutionId, third.ScheduledAt, third.Attempt, third.Trigger));
        await FailAsync(pipeline, third);
        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await Pipeline.RunAsync(partition);
        var fourth = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal(4, fourth.Attempt);
        await FailAsync(pipeline, fourth);
        Assert.Equal([1, 2, 3, 4], (await pipeline.DeadLetters.FindAsync("t", last.ExecutionId, Pipeline.None))!.Attempts.Select(a => a.Number));
    }

    [Fact]
    public async Task A_redrive_of_many_that_is_cut_short_tells_how_many_it_did()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await UseUpAsync(pipeline, pipeline.NewPartition());
        pipeline.Index.RefusesToArm = true;

        var cutShort = await Assert.ThrowsAsync<RedriveCutShortException>(() => NewRedrive(pipeline).ManyAsync(new DeadLetterQuery { Tenant = "t" }, Pipeline.None));

        Assert.Equal(1, cutShort.Redriven);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        pipeline.Index.RefusesToArm = false;
        Assert.Equal(0, await NewRedrive(pipeline).ManyAsync(new DeadLetterQuery { Tenant = "t" }, Pipeline.None));
    }

    [Theory]
    [InlineData(AttemptResult.Failed)]
    [InlineData(AttemptResult.Succeeded)]
    public async Task A_late_copy_of_the_last_outcome_or_another_run_takes_nothing_from_the_new_round(AttemptResult late)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        var last = await UseUpAsync(pipeline, partition);
        await NewRedrive(pipeline).ManyAsync(new DeadLetterQuery { Tenant = "t" }, Pipeline.None);

        await pipeline.Outcomes.PublishAsync([new("a copy", Pipeline.Partition, pipeline.OutcomeOf(last, late, 500).ToJson())], Pipeline.None);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Equal(3, Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Execution.Attempt);
        Assert.Null(await pipeline.DeadLetters.FindAsync("t", last.ExecutionId, Pipeline.None));
    }

    [Fact]
    public async Task A_redrive_that_was_not_armed_is_found_by_the_record()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        var last = await UseUpAsync(pipeline, partition);
        var letter = (await pipeline.DeadLetters.FindAsync("t", last.ExecutionId, Pipeline.None))!;
        await pipeline.DeadLetters.RedriveAsync([letter], pipeline.Time.GetUtcNow(), Pipeline.None);

        var audit = new PartitionAudit(Pipeline.Partition, pipeline.Index, pipeline.Jobs, pipeline.Pending, null, pipeline.Time);
        while (!audit.HasEnded)
            await audit.StepAsync(Pipeline.None);
        await Pipeline.RunAsync(partition);

        Assert.Equal([last.EntryKey], audit.Armed);
        Assert.Equal(3, Assert.Single(await pipeline.TakeAsync()).Attempt);
    }

    [Fact]
    public async Task A_redrive_of_a_deleted_job_leaves_the_dead_letter_as_one()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        var last = await UseUpAsync(pipeline, partition);
        await pipeline.ChangeAsync(Engine.Jobs.JobAction.Delete);

        Assert.True(await NewRedrive(pipeline).OneAsync("t", last.ExecutionId, Pipeline.None));
        await Pipeline.RunAsync(partition);
        await Pipeline.RunAsync(partition);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.TakeAsync());
        var letter = (await pipeline.DeadLetters.FindAsync("t", last.ExecutionId, Pipeline.None))!;
        Assert.Equal("redriven, but not started: the job was deleted", letter.Error);
        Assert.Equal([1, 2], letter.Attempts.Select(a => a.Number));
        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    private static Redrive NewRedrive(Pipeline pipeline) => new(pipeline.DeadLetters, pipeline.Index, pipeline.Time);

    private static async Task<Execution> UseUpAsync(Pipeline pipeline, DuePartition partition)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) }, OneRetry);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);
        await FailAsync(pipeline, Assert.Single(await pipeline.TakeAsync()));
        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await Pipeline.RunAsync(partition);
        var last = Assert.Single(await pipeline.TakeAsync());
        await FailAsync(pipeline, last);
        return last;
    }

    private static async Task FailAsync(Pipeline pipeline, Execution execution)
    {
        await pipeline.PublishAsync(pipeline.OutcomeOf(execution, AttemptResult.Failed, 500) with { Error = "answered 500" });
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
    }
}
