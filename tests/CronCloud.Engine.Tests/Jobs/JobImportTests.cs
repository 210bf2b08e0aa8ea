using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Jobs;

public sealed class JobImportTests
{
    [Fact]
    public async Task Jobs_are_created_updated_and_left_alone_and_armed_before_the_answer()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await ImportAsync(pipeline, Put("b"), Put("c"));

        var replies = await ImportAsync(pipeline, Put("a"), Put("b", "0 5 * * *"), Put("c"));

        Assert.Equal([(1, true, false), (2, false, false), (1, false, true)], replies.Select(r => ((int)r.Job!.Version, r.Created, r.IsUnchanged)));
        foreach (var (id, version, hours) in new[] { ("a", 1, 1), ("b", 2, 2), ("c", 1, 1) })
        {
            var entry = (await EntryAsync(pipeline, id))!;
            Assert.Equal((version, Pipeline.Start.AddHours(hours)), ((int)entry.Version, entry.Due));
        }
    }

    [Fact]
    public async Task Changes_of_one_job_are_made_in_their_order()
    {
        await using var pipeline = await Pipeline.OpenAsync();

        var replies = await ImportAsync(pipeline, Put("a"), Put("b"), Put("a", "0 5 * * *"), Put("a", "0 5 * * *"), Put("a", "0 6 * * *"));

        Assert.Equal([1, 1, 2, 2, 3], replies.Select(r => (int)r.Job!.Version));
        Assert.Equal([true, true, false, false, false], replies.Select(r => r.Created));
        Assert.Equal([false, false, false, true, false], replies.Select(r => r.IsUnchanged));
        Assert.Equal((3L, Pipeline.Start.AddHours(3)), ((await EntryAsync(pipeline, "a"))!.Version, (await EntryAsync(pipeline, "a"))!.Due));
        Assert.Equal(["updated", "updated", "created"], (await pipeline.Jobs.ListRevisionsAsync(new JobKey("t", "a"), 10, null, Pipeline.None)).Items.Select(r => r.Action));
    }

    [Fact]
    public async Task A_state_pauses_and_resumes_and_none_leaves_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();

        var replies = await ImportAsync(pipeline, Put("a") with { State = JobState.Paused }, Put("a", "0 5 * * *"), Put("a", "0 5 * * *") with { State = JobState.Active });

        Assert.Equal([JobState.Paused, JobState.Paused, JobState.Active], replies.Select(r => r.Job!.State));
        Assert.Equal(Pipeline.Start.AddHours(2), (await EntryAsync(pipeline, "a"))!.Due);
    }

    [Fact]
    public async Task A_deleted_job_is_made_anew_and_its_versions_go_on()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await ImportAsync(pipeline, Put("a"));
        await pipeline.Book.ChangeAsync(new ChangeJob { Tenant = "t", Id = "a", Action = JobAction.Delete, By = "test" }, Pipeline.None);

        var reply = Assert.Single(await ImportAsync(pipeline, Put("a")));

        Assert.Equal((3L, true), (reply.Job!.Version, reply.Created));
        Assert.Equal(3, (await EntryAsync(pipeline, "a"))!.Version);
    }

    [Fact]
    public async Task Imports_and_edits_of_the_same_jobs_at_once_are_all_made_and_the_index_has_the_last_version()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        string[] ids = [.. Enumerable.Range(0, 20).Select(i => $"job-{i}")];

        var imports = Enumerable.Range(0, 4).Select(i => ImportAsync(pipeline, [.. ids.Select(id => Put(id, $"{i} 5 * * *"))]));
        var edits = ids.Select(id => pipeline.Book.ChangeAsync(Put(id, "30 5 * * *"), Pipeline.None));
        var replies = (await Task.WhenAll(imports)).SelectMany(r => r).Concat(await Task.WhenAll(edits)).ToList();

        Assert.All(replies, reply => Assert.NotNull(reply.Job));
        foreach (var id in ids)
        {
            var revisions = (await pipeline.Jobs.ListRevisionsAsync(new JobKey("t", id), 100, null, Pipeline.None)).Items;
            Assert.Equal(Enumerable.Range(1, revisions.Count).Reverse().Select(v => (long)v), revisions.Select(r => r.Version));
            Assert.Equal(revisions[0].Version, (await EntryAsync(pipeline, id))!.Version);
        }
    }

    [Fact]
    public async Task What_was_recorded_and_not_armed_is_armed_by_the_same_import_once_more()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var import = new JobImport(pipeline.Jobs, pipeline.Index, pipeline.Time);
        await import.RecordAsync([Put("a")], Pipeline.None);
        Assert.Null(await EntryAsync(pipeline, "a"));
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));

        var reply = Assert.Single(await ImportAsync(pipeline, Put("a")));

        Assert.True(reply.IsUnchanged);
        Assert.Equal(Pipeline.Start.AddHours(1), (await EntryAsync(pipeline, "a"))!.Due);
    }

    [Fact]
    public async Task A_job_that_has_ended_is_not_started_again_by_importing_it_once_more()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await ImportAsync(pipeline, Put("a"));
        var key = new JobKey("t", "a");
        pipeline.Time.Advance(Checkpoint.ArmingMargin + TimeSpan.FromSeconds(1));
        await pipeline.Index.RemoveAsync(key.Partition, [.. (await pipeline.Index.StampAsync(key.Partition, [key.ToString()], Pipeline.None)).Values], Pipeline.None);

        Assert.True(Assert.Single(await ImportAsync(pipeline, Put("a"))).IsUnchanged);

        Assert.Null(await EntryAsync(pipeline, "a"));
    }

    [Fact]
    public async Task A_record_that_is_away_and_a_row_that_cannot_be_read_are_told_by_the_replies()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await ImportAsync(pipeline, Put("broken"));
        pipeline.Jobs.MakeUnreadable(new JobKey("t", "broken"));

        var replies = await ImportAsync(pipeline, Put("a"), Put("broken", "0 5 * * *"));
        Assert.NotNull(replies[0].Job);
        Assert.NotNull(replies[1].Unavailable);

        var import = new JobImport(pipeline.Jobs, pipeline.Index, pipeline.Time);
        var away = await import.RecordAsync([Put("b"), Put("b")], new CancellationToken(canceled: true));
        Assert.NotNull(away.Failure);
        Assert.All(await import.ArmAsync(away, Pipeline.None), reply => Assert.NotNull(reply.Unavailable));
    }

    [Fact]
    public async Task An_index_that_is_away_is_told_and_the_record_keeps_the_job()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var import = new JobImport(pipeline.Jobs, pipeline.Index, pipeline.Time);
        var recorded = await import.RecordAsync([Put("a")], Pipeline.None);
        pipeline.Index.RefusesToArm = true;

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), pipeline.Time);
        var arming = import.ArmAsync(recorded, limit.Token);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("The index is away.", Assert.Single(await arming).Unavailable);
        Assert.NotNull(recorded.Failure);
        Assert.NotNull(await pipeline.Jobs.FindAsync(new JobKey("t", "a"), Pipeline.None));
    }

    [Fact]
    public async Task An_index_that_comes_back_in_time_costs_no_line()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var import = new JobImport(pipeline.Jobs, pipeline.Index, pipeline.Time);
        var recorded = await import.RecordAsync([Put("a")], Pipeline.None);
        pipeline.Index.RefusesToArm = true;
        var arming = import.ArmAsync(recorded, Pipeline.None);
        Assert.False(arming.IsCompleted);

        pipeline.Index.RefusesToArm = false;
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(Assert.Single(await arming).Unavailable);
        Assert.NotNull(await EntryAsync(pipeline, "a"));
    }

    private static async Task<IReadOnlyList<JobReply>> ImportAsync(Pipeline pipeline, params ChangeJob[] changes)
    {
        var import = new JobImport(pipeline.Jobs, pipeline.Index, pipeline.Time);
        return await import.ArmAsync(await import.RecordAsync(changes, Pipeline.None), Pipeline.None);
    }

    private static Task<DueEntry?> EntryAsync(Pipeline pipeline, string id) => pipeline.Index.FindAsync(new JobKey("t", id).Partition, $"t/{id}", Pipeline.None);

    private static ChangeJob Put(string id, string cron = "0 4 * * *") => new()
    {
        Tenant = "t",
        Id = id,
        Action = JobAction.Put,
        By = "test",
        Definition = new JobDefinition { Schedule = new ScheduleSpec { Cron = cron }, Target = new Target { Http = new HttpTarget { Url = "https://example.com/hook" } } },
    };
}
