using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

public sealed class ChangeScanTests
{
    [Fact]
    public async Task A_job_whose_writer_died_before_it_was_armed_misses_nothing()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Index.Empty();
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await RemoveAsync(pipeline);

        await AdvanceAsync(pipeline, partition, seconds: 10);
        await scan.RunOnceAsync(Pipeline.None);
        await AdvanceAsync(pipeline, partition, seconds: 1);

        Assert.Equal(Enumerable.Range(1, 11), (await pipeline.TakeAsync()).Select(e => (int)(e.ScheduledAt - Pipeline.Start).TotalSeconds));
        Assert.Equal(1, findings.Total);
    }

    [Fact]
    public async Task An_edit_whose_writer_died_before_it_was_armed_leaves_over_what_was_due_before()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, _) = await NewScanAsync(pipeline);
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var deleted = job with { Version = 2, State = JobState.Paused, UpdatedAt = Pipeline.Start.AddSeconds(2.5) };
        await pipeline.Jobs.WriteAsync(deleted, new Revision(2, deleted.UpdatedAt, "test", "paused", JobState.Paused, deleted.Definition), Pipeline.None);

        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await scan.RunOnceAsync(Pipeline.None);
        await AdvanceAsync(pipeline, pipeline.NewPartition(), seconds: 5);

        Assert.Equal([1, 2], (await pipeline.TakeAsync()).Select(e => (int)(e.ScheduledAt - Pipeline.Start).TotalSeconds));
    }

    [Fact]
    public async Task What_is_just_being_armed_and_what_is_armed_is_left_alone()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddHours(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        await scan.RunOnceAsync(Pipeline.None);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddHours(2) });
        await RemoveAsync(pipeline);
        await scan.RunOnceAsync(Pipeline.None);

        Assert.Equal(0, findings.Total);
    }

    /// <summary>What a checkpoint says is armed need not be looked at. History may be away just then.</summary>
    [Fact]
    public async Task What_ended_long_before_the_checkpoint_is_not_started_again_by_a_node_that_takes_over()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        await RunToAsync(pipeline, seconds: 70);
        pipeline.Index.Empty();
        pipeline.TakeHistoryAway();

        await TakeOverAsync(pipeline);

        Assert.Null(await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None));
    }

    /// <summary>A build that history answered says so in the record; the next look at the changes may not get an answer.</summary>
    [Fact]
    public async Task What_the_record_notes_as_over_is_not_started_again_while_history_is_away()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        await RunToAsync(pipeline, seconds: 10);
        await pipeline.RecordAsync(job, (1, AttemptResult.Succeeded));
        pipeline.Index.Empty();
        await Pipeline.RunAsync(pipeline.NewPartition());
        pipeline.TakeHistoryAway();

        await TakeOverAsync(pipeline);

        Assert.Null(await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None));
    }

    /// <summary>The only node died with what it had not armed, and came back much later.</summary>
    [Fact]
    public async Task A_job_that_was_not_armed_before_all_nodes_were_down_for_long_misses_nothing()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await RunToAsync(pipeline, seconds: 10);
        var job = await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(20) });
        await RemoveAsync(pipeline);
        pipeline.Time.Advance(TimeSpan.FromHours(1));
        var checkpoints = new Checkpoints(pipeline.CheckpointStore, pipeline.Time);
        await Pipeline.RunAsync(pipeline.NewPartition(checkpoints));
        await checkpoints.RunOnceAsync(Pipeline.None);

        await TakeOverAsync(pipeline, checkpoints);

        Assert.Equal(job.NextDue(job.UpdatedAt), (await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))?.Due);
    }

    [Fact]
    public async Task A_checkpoint_waits_for_the_scan_and_for_what_the_index_lost_to_be_built()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = new Checkpoints(pipeline.CheckpointStore, pipeline.Time);
        var (scan, _) = await NewScanAsync(pipeline, checkpoints);
        var partition = pipeline.NewPartition(checkpoints);

        Assert.Null(await ReachedAfterAsync(0));
        await scan.RunOnceAsync(Pipeline.None);
        Assert.Equal(0, await ReachedAfterAsync(0));
        Assert.Equal(10, await ReachedAfterAsync(10));
        Assert.Equal(40, await ReachedAfterAsync(100)); // 60 s behind what was looked at, 20 s before the look
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddDays(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        pipeline.Index.Empty();
        await scan.RunOnceAsync(Pipeline.None);
        Assert.Equal(40, await ReachedAfterAsync(0));
        await pipeline.MarkBuiltAsync();
        await scan.RunOnceAsync(Pipeline.None);
        Assert.Equal(120, await ReachedAfterAsync(0));

        async Task<int?> ReachedAfterAsync(int seconds)
        {
            pipeline.Time.Advance(TimeSpan.FromSeconds(seconds));
            if (await pipeline.Index.IsBuiltAsync(Pipeline.Partition, Pipeline.None))
                await Pipeline.RunAsync(partition);
            await checkpoints.RunOnceAsync(Pipeline.None);
            return (int?)(await pipeline.CheckpointStore.ReadAsync(Pipeline.Partition, Pipeline.None) - Pipeline.Start)?.TotalSeconds;
        }
    }

    /// <summary>Else a job that was due long ago would be behind a checkpoint as soon as it is armed, and in nobody's queue.</summary>
    [Fact]
    public async Task A_checkpoint_says_nothing_of_what_was_armed_after_the_look_at_the_index()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.MarkBuiltAsync();
        var checkpoints = new Checkpoints(pipeline.CheckpointStore, pipeline.Time);
        checkpoints.Armed(new Dictionary<int, DateTimeOffset> { [Pipeline.Partition] = Pipeline.Start });
        pipeline.Time.Advance(TimeSpan.FromHours(1));
        pipeline.Index.Scanned = () => checkpoints.Armed(new Dictionary<int, DateTimeOffset> { [Pipeline.Partition] = pipeline.Time.GetUtcNow() });

        await pipeline.NewPartition(checkpoints).RunOnceAsync(Pipeline.None);
        await checkpoints.RunOnceAsync(Pipeline.None);

        Assert.Equal(Pipeline.Start + Checkpoint.ArmingMargin, await pipeline.CheckpointStore.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task A_partition_that_cannot_be_looked_at_keeps_no_other()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = new Checkpoints(pipeline.CheckpointStore, pipeline.Time);
        var (scan, _) = await NewScanAsync(pipeline, checkpoints);
        var keys = Enumerable.Range(0, 20).Select(i => new JobKey("t", $"job-{i}")).ToList();
        foreach (var key in keys)
            await pipeline.WriteJobAsync(Pipeline.EverySecond, key: key);
        pipeline.Index.Empty();
        await pipeline.MarkBuiltAsync();
        pipeline.Index.BrokenPartition = keys[0].Partition;

        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<IOException>(() => scan.RunOnceAsync(Pipeline.None));

        foreach (var partition in keys.Select(key => key.Partition))
            Assert.Equal(partition == keys[0].Partition, checkpoints.LimitOf(partition) is null);
        foreach (var key in keys.Where(key => key.Partition != keys[0].Partition))
            Assert.NotNull(await pipeline.Index.FindAsync(key.Partition, key.ToString(), Pipeline.None));
    }

    /// <summary>Else a checkpoint would never move again once there is more than a run has time for.</summary>
    [Fact]
    public async Task What_was_looked_at_stays_so_though_the_rest_could_not_be_read()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = new Checkpoints(pipeline.CheckpointStore, pipeline.Time);
        var (scan, _) = await NewScanAsync(pipeline, checkpoints);
        foreach (var key in Enumerable.Range(0, 10_000).Select(i => new JobKey("t", $"job-{i}")).Where(key => key.Partition == Pipeline.Partition).Take(10))
        {
            await pipeline.WriteJobAsync(Pipeline.EverySecond, key: key);
            pipeline.Time.Advance(TimeSpan.FromMinutes(1));
        }

        pipeline.Jobs.PagesOfChanges = 3;
        await Assert.ThrowsAsync<IOException>(() => scan.RunOnceAsync(Pipeline.None));
        var first = checkpoints.LimitOf(Pipeline.Partition);
        pipeline.Jobs.PagesOfChanges = 5;
        await Assert.ThrowsAsync<IOException>(() => scan.RunOnceAsync(Pipeline.None));
        var second = checkpoints.LimitOf(Pipeline.Partition);
        pipeline.Jobs.PagesOfChanges = null;
        await scan.RunOnceAsync(Pipeline.None);

        Assert.Equal([180, 420, 640], new[] { first, second, checkpoints.LimitOf(Pipeline.Partition) }.Select(limit => (limit - Pipeline.Start)?.TotalSeconds)); // 60 s behind what was read, and then behind 20 s before the look
    }

    [Fact]
    public async Task Partitions_that_were_read_to_their_end_stay_so_though_the_rest_could_not_be_read()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = new Checkpoints(pipeline.CheckpointStore, pipeline.Time);
        var (scan, _) = await NewScanAsync(pipeline, checkpoints);
        var keys = Enumerable.Range(0, 10).Select(i => new JobKey("t", $"job-{i}")).OrderBy(key => key.Partition).ToList();
        foreach (var key in keys)
            await pipeline.WriteJobAsync(Pipeline.EverySecond, key: key);
        pipeline.Time.Advance(TimeSpan.FromMinutes(10));

        pipeline.Jobs.PagesOfChanges = 3;
        await Assert.ThrowsAsync<IOException>(() => scan.RunOnceAsync(Pipeline.None));

        Assert.Equal([640.0, 640.0, 60.0, null], keys.Take(4).Select(key => (checkpoints.LimitOf(key.Partition) - Pipeline.Start)?.TotalSeconds)); // the third may have more
    }

    /// <summary>Jobs that have come to their end are in an index that lost nothing, and not in one that was built since.</summary>
    [Fact]
    public async Task What_has_run_is_not_started_again_though_an_index_that_was_emptied_does_not_know_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        var job = await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await AdvanceAsync(pipeline, partition, seconds: 2);
        Assert.Single(await pipeline.TakeAsync());
        await pipeline.RecordAsync(job, (1, AttemptResult.Succeeded));

        await AdvanceAsync(pipeline, partition, seconds: 121); // the queue has forgotten its message
        await pipeline.CheckpointStore.WriteAsync(new Dictionary<int, DateTimeOffset> { [job.Key.Partition] = Pipeline.Start.AddSeconds(59) }, Pipeline.None);
        pipeline.Index.Empty();
        partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await scan.RunOnceAsync(Pipeline.None);
        await AdvanceAsync(pipeline, partition, seconds: 5);

        Assert.Empty(await pipeline.TakeAsync());
        Assert.Equal(0, findings.Total);
    }

    /// <summary>Of a job that the index has nothing of, history knows some: the first that it does not know is started, and all after it.</summary>
    [Fact]
    public async Task What_did_not_run_is_started_though_what_was_due_before_and_after_it_ran()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await pipeline.RecordAsync(job, (1, AttemptResult.Succeeded), (2, AttemptResult.Succeeded), (4, AttemptResult.Succeeded));
        await RemoveAsync(pipeline);

        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await scan.RunOnceAsync(Pipeline.None);

        Assert.Equal(Pipeline.Start.AddSeconds(3), (await pipeline.Index.FindAsync(job.Key.Partition, job.Key.ToString(), Pipeline.None))!.Due);
        Assert.Equal(1, findings.Total);
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_is_told_and_keeps_no_other()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var owner = await pipeline.NewOwnerAsync();
        var findings = new Findings(NullLogger<Findings>.Instance);
        var record = new FaultyJobs(pipeline.Jobs);
        var template = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var jobs = Enumerable.Range(0, 600).Select(i => template with { Key = new JobKey("t", $"job-{i}") }).ToList();
        foreach (var job in jobs)
            await pipeline.Jobs.WriteAsync(job, new Revision(1, job.UpdatedAt, "test", "created", job.State, job.Definition), Pipeline.None);

        record.MakeUnreadable(jobs[0].Key);
        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await pipeline.MarkBuiltAsync();
        await new ChangeScan(owner, pipeline.Index, record, pipeline.Pending, pipeline.CheckpointStore, pipeline.NewCheckpoints(), new DueBacklog(), pipeline.NewKnownStarts(), findings, pipeline.Time).RunOnceAsync(Pipeline.None);

        foreach (var job in jobs)
            Assert.Equal(job != jobs[0], await pipeline.Index.FindAsync(job.Key.Partition, job.Key.ToString(), Pipeline.None) is not null);
        Assert.Equal(jobs.Count, findings.Total);
    }

    private static async Task RemoveAsync(Pipeline pipeline) =>
        await pipeline.Index.RemoveAsync(Pipeline.Partition, [.. (await pipeline.Index.StampAsync(Pipeline.Partition, [Pipeline.EntryKey], Pipeline.None)).Values], Pipeline.None);

    /// <summary>A node that scanned the partition and kept its checkpoint, and armed all that was written, until that second.</summary>
    private static async Task RunToAsync(Pipeline pipeline, int seconds)
    {
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        await Pipeline.RunAsync(partition);
        await AdvanceAsync(pipeline, partition, seconds);
        await checkpoints.RunOnceAsync(Pipeline.None);
        await pipeline.TakeAsync();
    }

    /// <summary>Another node looks at the changes for the first time, and compares the record.</summary>
    private static async Task TakeOverAsync(Pipeline pipeline, Checkpoints? checkpoints = null)
    {
        var (scan, findings) = await NewScanAsync(pipeline, checkpoints);
        await scan.RunOnceAsync(Pipeline.None);
        var record = new RecordScan(await pipeline.NewOwnerAsync(), pipeline.Index, pipeline.Jobs, pipeline.Pending, pipeline.CheckpointStore, new DueBacklog(), findings, pipeline.Time);
        for (var runs = 0; runs < Partitions.Count; runs++)
            await record.RunOnceAsync(Pipeline.None);
    }

    private static async Task AdvanceAsync(Pipeline pipeline, DuePartition partition, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
            await Pipeline.RunAsync(partition);
        }
    }

    private static async Task<(ChangeScan Scan, Findings Findings)> NewScanAsync(Pipeline pipeline, Checkpoints? checkpoints = null)
    {
        var owner = await pipeline.NewOwnerAsync();
        await pipeline.MarkBuiltAsync();
        var findings = new Findings(NullLogger<Findings>.Instance);
        return (new ChangeScan(owner, pipeline.Index, pipeline.Jobs, pipeline.Pending, pipeline.CheckpointStore, checkpoints ?? pipeline.NewCheckpoints(), new DueBacklog(), pipeline.NewKnownStarts(), findings, pipeline.Time), findings);
    }
}
