using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Jobs;

/// <summary>A change whose answer was lost is sent again, and finds what it did, whatever became of that since.</summary>
public sealed class SentAgainTests
{
    private static readonly JobDefinition Definition = new() { Schedule = new ScheduleSpec { Cron = "0 4 * * *" }, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } } };
    private static readonly JobDefinition Other = Definition with { Description = "other" };

    [Theory]
    [InlineData(JobAction.Create, false)]
    [InlineData(JobAction.Put, false)]
    [InlineData(JobAction.Put, true)]
    public async Task A_creation_is_its_own_success(JobAction action, bool ifNew)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var creation = Change(action) with { IfNew = ifNew };
        await MadeAsync(pipeline, creation);

        var again = await AgainAsync(pipeline, creation);
        await MadeAsync(pipeline, Change(JobAction.Pause));
        var later = await AgainAsync(pipeline, creation);

        Assert.Equal((1, true), (again.Job!.Version, again.Created));
        Assert.Equal((2, true, JobState.Paused), (later.Job!.Version, later.Created, later.Job.State));
    }

    [Fact]
    public async Task A_creation_is_refused_where_the_job_was_there_before_or_is_another_one()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await MadeAsync(pipeline, Change(JobAction.Create));

        Assert.Equal(RefusalCode.AlreadyExists, (await pipeline.Book.ChangeAsync(Change(JobAction.Create), Pipeline.None)).Refused?.Code);
        Assert.Equal(RefusalCode.AlreadyExists, (await AgainAsync(pipeline, Change(JobAction.Create) with { Definition = Other })).Refused?.Code);
        Assert.Equal(RefusalCode.AlreadyExists, (await pipeline.Book.ChangeAsync(Change(JobAction.Create) with { SentBefore = Pipeline.Start.AddSeconds(1) }, Pipeline.None)).Refused?.Code);
    }

    [Fact]
    public async Task A_replacement_does_not_undo_what_came_after_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await MadeAsync(pipeline, Change(JobAction.Create));
        var (plain, conditional) = (Change(JobAction.Put) with { Definition = Other }, Change(JobAction.Put) with { Definition = Other, IfVersion = 1 });
        await MadeAsync(pipeline, conditional);
        await MadeAsync(pipeline, Change(JobAction.Put));

        foreach (var again in new[] { await AgainAsync(pipeline, plain), await AgainAsync(pipeline, conditional) })
            Assert.Equal((3, null, false), (again.Job!.Version, again.Job.Definition.Description, again.Created));
        Assert.Equal(RefusalCode.VersionConflict, (await AgainAsync(pipeline, conditional with { IfVersion = 2 })).Refused?.Code);
    }

    [Fact]
    public async Task A_deletion_leaves_a_job_alone_that_was_made_anew()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await MadeAsync(pipeline, Change(JobAction.Create));
        await MadeAsync(pipeline, Change(JobAction.Delete));
        Assert.Null((await AgainAsync(pipeline, Change(JobAction.Delete))).Refused);

        await MadeAsync(pipeline, Change(JobAction.Create));
        Assert.Null((await AgainAsync(pipeline, Change(JobAction.Delete))).Refused);

        Assert.Equal(JobState.Active, (await pipeline.Jobs.FindAsync(new JobKey("t", "job"), Pipeline.None))!.State);
    }

    [Fact]
    public async Task What_was_not_done_is_done()
    {
        await using var pipeline = await Pipeline.OpenAsync();

        Assert.True((await AgainAsync(pipeline, Change(JobAction.Create))).Created);
        Assert.Equal(JobState.Paused, (await AgainAsync(pipeline, Change(JobAction.Pause))).Job!.State);
        Assert.Equal(JobState.Deleted, (await AgainAsync(pipeline, Change(JobAction.Delete))).Job!.State);
    }

    private static async Task MadeAsync(Pipeline pipeline, ChangeJob change) => Assert.NotNull((await pipeline.Book.ChangeAsync(change, Pipeline.None)).Job);

    private static Task<JobReply> AgainAsync(Pipeline pipeline, ChangeJob change)
    {
        pipeline.Time.Advance(TimeSpan.FromMinutes(1));
        return pipeline.Book.ChangeAsync(change with { SentBefore = Pipeline.Start }, Pipeline.None);
    }

    private static ChangeJob Change(JobAction action) => new() { Tenant = "t", Id = "job", Action = action, By = "test", Definition = action is JobAction.Create or JobAction.Put ? Definition : null };
}
