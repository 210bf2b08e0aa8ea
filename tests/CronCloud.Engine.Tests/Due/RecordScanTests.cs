using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using CronCloud.Engine.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

public sealed class RecordScanTests
{
    /// <summary>What is younger may be just being armed.</summary>
    private static readonly TimeSpan AfterArming = TimeSpan.FromSeconds(16);

    [Fact]
    public async Task A_sound_index_has_no_findings()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var partition = pipeline.NewPartition();
        for (var second = 0; second < 100; second++)
        {
            await Pipeline.RunAsync(partition);
            await scan.RunOnceAsync(Pipeline.None);
            await EndAllAsync(pipeline);
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, findings.Total);
    }

    [Fact]
    public async Task While_the_node_builds_an_index_the_scan_rests_for_ten_times_as_long()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var backlog = new DueBacklog();
        var scan = new RecordScan(await pipeline.NewOwnerAsync(), pipeline.Index, pipeline.Jobs, pipeline.Pending, pipeline.CheckpointStore, backlog, new Findings(NullLogger<Findings>.Instance), pipeline.Time);
        var usual = await scan.RunOnceAsync(Pipeline.None);

        backlog.Tell(0, new PartitionBacklog(0, null, pipeline.Time.GetUtcNow(), IsWhole: false));

        Assert.Equal(usual * 10, await scan.RunOnceAsync(Pipeline.None));
    }

    [Fact]
    public async Task An_active_job_without_an_entry_is_armed_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await pipeline.Index.RemoveAsync(Pipeline.Partition, [.. (await pipeline.Index.StampAsync(Pipeline.Partition, [Pipeline.EntryKey], Pipeline.None)).Values], Pipeline.None);
        pipeline.Time.Advance(AfterArming);

        await RoundAsync(scan);

        Assert.Equal(1, findings.Total);
        Assert.Equal(Pipeline.Start.AddSeconds(1), (await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))!.Due);
    }

    [Fact]
    public async Task An_entry_of_an_older_version_is_replaced()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var next = job with { Version = 2, UpdatedAt = Pipeline.Start.AddSeconds(0.5), Definition = job.Definition with { Schedule = new ScheduleSpec { At = Pipeline.Start.AddHours(1) } } };
        await pipeline.Jobs.WriteAsync(next, new Revision(2, next.UpdatedAt, "test", "updated", JobState.Active, next.Definition), Pipeline.None);

        await RoundAsync(scan);

        Assert.Equal(1, findings.Total);
        Assert.Equal(Pipeline.Start.AddHours(1), (await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))!.Due);
    }

    [Fact]
    public async Task An_entry_of_a_job_that_the_record_stopped_is_ended()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, _) = await NewScanAsync(pipeline);
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var paused = job with { Version = 2, State = JobState.Paused };
        await pipeline.Jobs.WriteAsync(paused, new Revision(2, Pipeline.Start, "test", "paused", JobState.Paused, job.Definition), Pipeline.None);

        await RoundAsync(scan);
        pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Empty(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task A_job_that_the_record_has_paused_leaves_over_what_it_was_due_before()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, _) = await NewScanAsync(pipeline);
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var paused = job with { Version = 2, State = JobState.Paused, UpdatedAt = Pipeline.Start.AddSeconds(2.5) };
        await pipeline.Jobs.WriteAsync(paused, new Revision(2, paused.UpdatedAt, "test", "paused", JobState.Paused, paused.Definition), Pipeline.None);

        await RoundAsync(scan);
        pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        var partition = pipeline.NewPartition();
        for (var runs = 0; runs < 10; runs++)
            await Pipeline.RunAsync(partition);

        Assert.Equal([1, 2], (await pipeline.TakeAsync()).Select(e => (e.ScheduledAt - Pipeline.Start).TotalSeconds));
    }

    [Fact]
    public async Task A_job_whose_new_schedule_has_ended_already_does_not_go_on_by_its_old_one()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, _) = await NewScanAsync(pipeline);
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var ended = job with { Version = 2, UpdatedAt = Pipeline.Start.AddSeconds(0.5), Definition = job.Definition with { Schedule = new ScheduleSpec { At = Pipeline.Start.AddHours(-1) } } };
        await pipeline.Jobs.WriteAsync(ended, new Revision(2, ended.UpdatedAt, "test", "updated", JobState.Active, ended.Definition), Pipeline.None);

        await RoundAsync(scan);
        pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Empty(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task An_execution_that_the_record_does_not_know_goes_at_the_second_look()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddYears(1) });
        var asked = await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        var execution = (await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None))[0].Execution;
        await pipeline.Pending.RemoveAsync([execution], Pipeline.None);

        await RoundAsync(scan);
        Assert.NotNull(await pipeline.Index.FindAsync(Pipeline.Partition, $"t/{asked.ExecutionId}", Pipeline.None));
        pipeline.Time.Advance(Suspects.Patience);
        await RoundAsync(scan);

        Assert.Null(await pipeline.Index.FindAsync(Pipeline.Partition, $"t/{asked.ExecutionId}", Pipeline.None));
        Assert.True(findings.Total >= 1);
    }

    [Fact]
    public async Task A_job_that_cannot_be_read_keeps_no_other_out_of_the_index()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        var broken = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var other = broken with { Key = Other(broken.Key) };
        await pipeline.Jobs.WriteAsync(other, new Revision(1, Pipeline.Start, "test", "created", JobState.Active, other.Definition), Pipeline.None);
        pipeline.Jobs.MakeUnreadable(broken.Key);
        pipeline.Index.Empty();
        await pipeline.MarkBuiltAsync();
        pipeline.Time.Advance(AfterArming);

        await RoundAsync(scan);

        Assert.Null(await pipeline.Index.FindAsync(Pipeline.Partition, broken.Key.ToString(), Pipeline.None));
        Assert.NotNull(await pipeline.Index.FindAsync(Pipeline.Partition, other.Key.ToString(), Pipeline.None));
        Assert.Equal(2, findings.Total);
    }

    [Fact]
    public async Task A_job_that_was_due_once_is_not_armed_again_however_long_the_checkpoint_stands_still()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        var partition = pipeline.NewPartition();
        for (var minutes = 0; minutes < 60; minutes++)
        {
            pipeline.Time.Advance(TimeSpan.FromMinutes(1));
            await Pipeline.RunAsync(partition);
            await RoundAsync(scan);
        }

        Assert.Single(await pipeline.TakeAsync(), e => e.Redispatch == 0);
        Assert.Equal(0, findings.Total);
    }

    /// <summary>A build knows what is over, or asks; until then a job that is not in the index may be.</summary>
    [Fact]
    public async Task What_has_run_is_not_started_again_by_the_scan_while_an_index_that_was_emptied_is_not_built()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(AfterArming);
        pipeline.Index.Empty();

        await RoundAsync(scan);

        Assert.Null(await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None));
        Assert.Equal(0, findings.Total);
    }

    /// <summary>Another job of the same partition.</summary>
    private static JobKey Other(JobKey key) => Enumerable.Range(0, int.MaxValue).Select(i => new JobKey(key.Tenant, $"job-{i}")).First(other => other.Partition == key.Partition);

    /// <summary>All partitions once.</summary>
    private static async Task RoundAsync(RecordScan scan)
    {
        for (var runs = 0; runs < Partitions.Count; runs++)
            await scan.RunOnceAsync(Pipeline.None);
    }

    private static async Task<(RecordScan Scan, Findings Findings)> NewScanAsync(Pipeline pipeline)
    {
        var owner = await pipeline.NewOwnerAsync();
        await pipeline.MarkBuiltAsync();
        var findings = new Findings(NullLogger<Findings>.Instance);
        return (new RecordScan(owner, pipeline.Index, pipeline.Jobs, pipeline.Pending, pipeline.CheckpointStore, new DueBacklog(), findings, pipeline.Time), findings);
    }

    private static async Task EndAllAsync(Pipeline pipeline)
    {
        foreach (var execution in await pipeline.TakeAsync())
        {
            await pipeline.PublishAsync(pipeline.OutcomeOf(execution, AttemptResult.Succeeded, 200));
            await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        }
    }
}
