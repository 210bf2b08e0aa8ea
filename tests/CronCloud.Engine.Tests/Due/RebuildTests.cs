using CronCloud.Backends.History;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

/// <summary>An index that is built again: nothing is lost, nothing starts twice, and what is in it stays as far as it is right.</summary>
public sealed class RebuildTests
{
    /// <summary>Another job of the same partition.</summary>
    private static readonly JobKey Other = Enumerable.Range(0, int.MaxValue).Select(i => new JobKey("t", $"other-{i}")).First(key => key.Partition == Pipeline.Partition);

    [Fact]
    public async Task An_emptied_index_is_noticed_and_built_from_the_checkpoint_on()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (checkpoints, partition) = await RunEverySecondAsync(pipeline, seconds: 3);
        await checkpoints.RunOnceAsync(Pipeline.None);
        Assert.Equal(3, (await pipeline.TakeAsync()).Count);

        pipeline.Index.Empty();
        await pipeline.RunAsync(partition, 3);

        Assert.Equal(["job@20261201T030004Z", "job@20261201T030005Z", "job@20261201T030006Z"], (await pipeline.TakeAsync()).Select(e => e.ExecutionId));
    }

    [Fact]
    public async Task An_index_that_is_emptied_between_two_looks_moves_no_checkpoint()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (checkpoints, partition) = await RunEverySecondAsync(pipeline, seconds: 3);
        pipeline.Time.Advance(TimeSpan.FromSeconds(0.9));
        await Pipeline.RunAsync(partition);

        pipeline.Index.Empty();
        pipeline.Time.Advance(TimeSpan.FromSeconds(0.2));
        await Pipeline.RunAsync(partition);
        await checkpoints.RunOnceAsync(Pipeline.None);
        await pipeline.RunAsync(partition, 1);

        Assert.Equal(5, (await pipeline.TakeAsync()).Count);
    }

    [Fact]
    public async Task What_was_dispatched_behind_the_checkpoint_starts_nothing_twice()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await RunEverySecondAsync(pipeline, seconds: 3);

        pipeline.Index.Empty();
        await pipeline.RunAsync(pipeline.NewPartition(), 2);

        Assert.Equal(5, (await pipeline.TakeAsync()).Count);
    }

    [Fact]
    public async Task A_job_that_was_just_written_goes_on_behind_what_is_known_to_be_over_or_pending()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        await pipeline.RecordAsync(job, (1, AttemptResult.Succeeded), (2, AttemptResult.Missed), (3, AttemptResult.Failed), (4, AttemptResult.Succeeded));

        Assert.Equal(3, await DueAfterBuildAsync(pipeline, checkpoint: 10));
        var failed = DuePlan.ExecutionOf(DueJob.Of(job), job.Version, Pipeline.Start.AddSeconds(3), TraceParent.New());
        await pipeline.Pending.KeepAsync([new PendingExecution(failed with { Attempt = 2 }, pipeline.Time.GetUtcNow())], Pipeline.None);
        Assert.Equal(5, await DueAfterBuildAsync(pipeline, checkpoint: 10));
        await pipeline.RecordAsync(job, (5, AttemptResult.Succeeded), (6, AttemptResult.Succeeded));
        Assert.Equal(7, await DueAfterBuildAsync(pipeline, checkpoint: 10));
        Assert.Equal(6, await DueAfterBuildAsync(pipeline, checkpoint: 5));
        Assert.Equal(1, await DueAfterBuildAsync(pipeline, checkpoint: 10, new SqliteHistory(Path.Combine("no such folder", "history.db"), pipeline.Time)));
    }

    /// <summary>An older copy of it tells that it is built, and only once that it is behind.</summary>
    [Fact]
    public async Task That_an_index_is_behind_is_not_forgotten_when_its_build_cannot_begin()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (_, partition) = await RunEverySecondAsync(pipeline, seconds: 3);
        pipeline.Index.Empty();
        await pipeline.Index.EndBuildAsync(Pipeline.Partition, await pipeline.Index.BeginBuildAsync(Pipeline.Partition, Pipeline.None), await pipeline.Index.ReadIncarnationAsync(Pipeline.None), Pipeline.None);

        pipeline.Index.RefusesBuilds = true;
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await partition.RunOnceAsync(Pipeline.None);
        pipeline.Index.RefusesBuilds = false;
        await pipeline.RunAsync(partition, 2);

        Assert.Equal(6, (await pipeline.TakeAsync()).Count);
    }

    /// <summary>History may take seconds to answer, after a loss above all.</summary>
    [Fact]
    public async Task A_job_of_which_nothing_is_in_doubt_does_not_wait_for_those_about_which_history_is_asked()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Time.Advance(TimeSpan.FromSeconds(100));
        await pipeline.WriteJobAsync(Pipeline.EverySecond, key: Other);
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        pipeline.Index.Empty();

        var audit = new PartitionAudit(Pipeline.Partition, pipeline.Index, pipeline.Jobs, pipeline.Pending, Pipeline.Start.AddSeconds(110), pipeline.Time, pipeline.NewKnown());
        while (!audit.AsksHistory)
            await audit.StepAsync(Pipeline.None);
        var (certain, inDoubt) = (await FindAsync(pipeline, Pipeline.EntryKey), await FindAsync(pipeline, Other.ToString()));
        while (!audit.HasEnded)
            await audit.StepAsync(Pipeline.None);

        Assert.Equal((111, null, 101), (certain, inDoubt, await FindAsync(pipeline, Other.ToString())));
    }

    /// <summary>Redis came back older than the edit. The build that replaces its version takes a while, or cannot begin.</summary>
    [Theory]
    [InlineData(JobState.Paused)]
    [InlineData(JobState.Deleted)]
    [InlineData(JobState.Active)]
    public async Task What_an_edit_ended_is_not_started_by_an_older_copy_of_the_index_that_is_not_built_yet(JobState edited)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (_, partition) = await RunEverySecondAsync(pipeline, seconds: 3);
        var unchanged = await pipeline.WriteJobAsync(Pipeline.EverySecond, key: Other);
        await pipeline.TakeAsync();
        var job = (await pipeline.Jobs.FindAsync(new JobKey("t", "job"), Pipeline.None))!;
        var definition = job.Definition with { Schedule = new ScheduleSpec { At = Pipeline.Start.AddDays(1) } };
        await pipeline.Jobs.WriteAsync(job with { Version = 2, State = edited, Definition = definition, UpdatedAt = Pipeline.Start.AddSeconds(4.5) }, new Revision(2, Pipeline.Start.AddSeconds(4.5), "test", "edited", edited, definition), Pipeline.None);
        await pipeline.Index.BeginBuildAsync(Pipeline.Partition, Pipeline.None);

        pipeline.Index.RefusesBuilds = true;
        await pipeline.RunAsync(partition, 3);
        var started = await pipeline.TakeAsync();
        pipeline.Index.RefusesBuilds = false;
        await pipeline.RunAsync(partition, 3);
        started.AddRange(await pipeline.TakeAsync());

        Assert.Equal([4, 5, 6, 7, 8, 9], SecondsOf(unchanged));
        Assert.Equal(edited == JobState.Deleted ? [] : [4], SecondsOf(job)); // what it was due before the edit; of a deleted job it is told as skipped

        IEnumerable<int> SecondsOf(Job one) => started.Where(e => e.JobId == one.Key.Id).Select(e => (int)(e.ScheduledAt - Pipeline.Start).TotalSeconds);
    }

    /// <summary>Redis came back older than two edits: the one that stopped the job, or gave it another schedule, is not the one in force.</summary>
    [Theory]
    [InlineData(JobState.Paused, 3_000)]
    [InlineData(JobState.Active, 3_000)]
    [InlineData(JobState.Paused, 0)]
    [InlineData(JobState.Active, 0)]
    public async Task What_an_edit_ended_is_not_left_over_until_the_edit_after_it(JobState between, int others)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (checkpoints, partition) = await RunEverySecondAsync(pipeline, seconds: 3);
        await checkpoints.RunOnceAsync(Pipeline.None);
        await FillAsync(pipeline, others);
        var job = (await pipeline.Jobs.FindAsync(new JobKey("t", "job"), Pipeline.None))!;
        await EditAsync(pipeline, job with { Version = 2, State = between, Definition = job.Definition with { Schedule = new ScheduleSpec { At = Pipeline.Start.AddSeconds(6) } } }, 4.5);
        await EditAsync(pipeline, job with { Version = 3 }, 6.5);
        await pipeline.Index.BeginBuildAsync(Pipeline.Partition, Pipeline.None);

        pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        await pipeline.RunAsync(partition, 3);

        int[] ofSecond = between == JobState.Active ? [6] : [];
        Assert.Equal([1, 2, 3, 4, .. ofSecond, 7, 8, 9, 10, 11], (await pipeline.TakeAsync()).Select(e => (int)(e.ScheduledAt - Pipeline.Start).TotalSeconds).Order());
    }

    /// <summary>The same, and the client sends the second edit before the build has come to the job, for the first time or once more.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_pause_ended_is_not_left_over_until_the_job_is_resumed_on_an_index_that_does_not_know_of_the_pause(bool isWritten)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (checkpoints, partition) = await RunEverySecondAsync(pipeline, seconds: 3);
        await checkpoints.RunOnceAsync(Pipeline.None);
        var job = (await pipeline.Jobs.FindAsync(new JobKey("t", "job"), Pipeline.None))!;
        await EditAsync(pipeline, job with { Version = 2, State = JobState.Paused }, 4.5);
        if (isWritten)
            await EditAsync(pipeline, job with { Version = 3 }, 6.5);
        await pipeline.Index.BeginBuildAsync(Pipeline.Partition, Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(3.5));

        await pipeline.ChangeAsync(JobAction.Resume);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1.5));
        await pipeline.RunAsync(partition, 3);

        Assert.Equal([1, 2, 3, 4, 7, 8, 9, 10, 11], (await pipeline.TakeAsync()).Select(e => (int)(e.ScheduledAt - Pipeline.Start).TotalSeconds).Order());
    }

    [Fact]
    public async Task An_index_that_is_whole_is_not_built_again_whatever_the_time()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);

        for (var runs = 0; runs < 5; runs++)
        {
            pipeline.Time.Advance(TimeSpan.FromTicks(12_345_678));
            Assert.NotEqual(DuePartition.BuildPause, await partition.RunOnceAsync(Pipeline.None));
        }
    }

    [Fact]
    public async Task What_an_edit_left_over_survives_the_index()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Time.Advance(TimeSpan.FromMinutes(5));
        await DrainAsync(pipeline, partition);
        await checkpoints.RunOnceAsync(Pipeline.None);
        Assert.Equal(300, (await pipeline.TakeAsync()).Count);

        pipeline.Time.Advance(TimeSpan.FromSeconds(20.5));
        await pipeline.ChangeAsync(JobAction.Pause);
        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        pipeline.Index.Empty();
        await pipeline.RunAsync(partition, 30);

        Assert.Equal(Enumerable.Range(301, 20), (await pipeline.TakeAsync()).Select(e => (int)(e.ScheduledAt - Pipeline.Start).TotalSeconds).Order());
    }

    [Fact]
    public async Task What_a_deleted_job_was_due_before_is_told_as_skipped_though_the_index_was_lost()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (checkpoints, partition) = await RunEverySecondAsync(pipeline, seconds: 70);
        await checkpoints.RunOnceAsync(Pipeline.None);
        await pipeline.TakeAsync();

        pipeline.Time.Advance(TimeSpan.FromSeconds(2.5));
        await pipeline.ChangeAsync(JobAction.Delete);
        pipeline.Index.Empty();
        await pipeline.RunAsync(partition, 30);

        Assert.Empty(await pipeline.TakeAsync());
        var told = await pipeline.Outcomes.PullAsync(OutcomeReader.History, 100, TimeSpan.Zero, Pipeline.None);
        Assert.Equal([(AttemptResult.Skipped, 71), (AttemptResult.Skipped, 72)], told.Select(d => Outcome.FromJson(d.Body.Span)).Select(o => (o.Result, (int)(o.Execution.ScheduledAt - Pipeline.Start).TotalSeconds)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000)]
    public async Task A_build_ends_what_the_record_has_stopped_and_arms_what_is_missing_however_full_the_index_is(int others)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var missing = await pipeline.WriteJobAsync(Pipeline.EverySecond, key: Other);
        await pipeline.Jobs.WriteAsync(job with { Version = 2, State = JobState.Paused }, new Revision(2, job.UpdatedAt, "test", "paused", JobState.Paused, job.Definition), Pipeline.None);
        await pipeline.Index.RemoveAsync(Pipeline.Partition, [.. (await pipeline.Index.StampAsync(Pipeline.Partition, [missing.Key.ToString()], Pipeline.None)).Values], Pipeline.None);
        await FillAsync(pipeline, others);

        await BuildAsync(pipeline);

        Assert.True((await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))!.IsTombstone);
        Assert.Equal(Pipeline.Start.AddSeconds(1), (await pipeline.Index.FindAsync(Pipeline.Partition, missing.Key.ToString(), Pipeline.None))!.Due);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000)]
    public async Task An_entry_whose_newer_row_cannot_be_read_keeps_no_other_job_out_of_the_index(int others)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var missing = await pipeline.WriteJobAsync(Pipeline.EverySecond, key: Other);
        await pipeline.Jobs.WriteAsync(job with { Version = 2 }, new Revision(2, job.UpdatedAt, "test", "updated", JobState.Active, job.Definition), Pipeline.None);
        pipeline.Jobs.MakeUnreadable(job.Key);
        await pipeline.Index.RemoveAsync(Pipeline.Partition, [.. (await pipeline.Index.StampAsync(Pipeline.Partition, [missing.Key.ToString()], Pipeline.None)).Values], Pipeline.None);
        await FillAsync(pipeline, others);

        await BuildAsync(pipeline);

        Assert.NotNull(await pipeline.Index.FindAsync(Pipeline.Partition, missing.Key.ToString(), Pipeline.None));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000)]
    public async Task What_is_in_the_index_and_due_later_or_over_stays_as_it_is(int others)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        var once = await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) }, key: Other);
        await pipeline.RunAsync(partition, 3);
        Assert.Equal(4, (await pipeline.TakeAsync()).Count);
        await FillAsync(pipeline, others);

        await BuildAsync(pipeline);

        Assert.Empty(await pipeline.TakeAsync());
        Assert.Equal(Pipeline.Start.AddSeconds(4), (await pipeline.Index.FindAsync(Pipeline.Partition, Pipeline.EntryKey, Pipeline.None))!.Due);
        Assert.True((await pipeline.Index.FindAsync(Pipeline.Partition, once.Key.ToString(), Pipeline.None))!.IsTombstone);
    }

    /// <summary>In the record only, at so many seconds from the start.</summary>
    private static Task EditAsync(Pipeline pipeline, Job job, double second) =>
        pipeline.Jobs.WriteAsync(job with { UpdatedAt = Pipeline.Start.AddSeconds(second) }, new Revision(job.Version, Pipeline.Start.AddSeconds(second), "test", "edited", job.State, job.Definition), Pipeline.None);

    /// <summary>Others of the same partition, of which the record does not tell.</summary>
    private static Task FillAsync(Pipeline pipeline, int others) =>
        pipeline.Index.ArmAsync(Pipeline.Partition, [.. Enumerable.Range(0, others).Select(i => new DueEntry($"t/filler-{i}", 1, Pipeline.Start.AddDays(1), "{}"u8.ToArray()))], Pipeline.None);

    private static async Task BuildAsync(Pipeline pipeline)
    {
        await pipeline.Index.BeginBuildAsync(Pipeline.Partition, Pipeline.None);
        await Pipeline.RunAsync(pipeline.NewPartition());
    }

    /// <summary>Runs until what is left over is worked off.</summary>
    private static async Task DrainAsync(Pipeline pipeline, DuePartition partition)
    {
        for (var runs = 0; runs < 100; runs++)
        {
            await Pipeline.RunAsync(partition);
            await pipeline.CatchUp.RunOnceAsync(Pipeline.None);
            pipeline.Time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    /// <summary>Seconds from the start, of the job's entry in an index that was emptied.</summary>
    private static async Task<int> DueAfterBuildAsync(Pipeline pipeline, int checkpoint, IHistory? history = null)
    {
        pipeline.Index.Empty();
        var starts = new KnownStarts(history ?? pipeline.History, pipeline.DeadLetters, pipeline.Time, NullLogger<KnownStarts>.Instance);
        var audit = new PartitionAudit(Pipeline.Partition, pipeline.Index, pipeline.Jobs, pipeline.Pending, Pipeline.Start.AddSeconds(checkpoint), pipeline.Time, new Known(starts, pipeline.NewKnownEnds()));
        while (!audit.HasEnded)
            await audit.StepAsync(Pipeline.None);
        return (await FindAsync(pipeline, Pipeline.EntryKey))!.Value;
    }

    /// <summary>Seconds from the start at which an entry is due; null when there is none.</summary>
    private static async Task<int?> FindAsync(Pipeline pipeline, string key) =>
        await pipeline.Index.FindAsync(Pipeline.Partition, key, Pipeline.None) is { } entry ? (int)(entry.Due - Pipeline.Start).TotalSeconds : null;

    /// <summary>A job of every second has run for a while, and no checkpoint is kept yet.</summary>
    private static async Task<(Checkpoints Checkpoints, DuePartition Partition)> RunEverySecondAsync(Pipeline pipeline, int seconds)
    {
        var checkpoints = pipeline.NewCheckpoints();
        var partition = pipeline.NewPartition(checkpoints);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        await pipeline.RunAsync(partition, seconds);
        return (checkpoints, partition);
    }
}
