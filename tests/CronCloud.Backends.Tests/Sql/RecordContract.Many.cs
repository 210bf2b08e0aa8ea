using CronCloud.Core;
using CronCloud.Core.Jobs;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>Many jobs written together.</summary>
public abstract partial class RecordContract
{
    [Fact]
    public async Task Jobs_written_together_come_back_as_they_were_written_each_with_its_revision()
    {
        var jobs = Jobs;
        var written = Enumerable.Range(0, 300).Select(i => Job($"job-{i:D3}", d => d with
        {
            Description = i % 3 == 0 ? "Ünï 'quotes' \\ \t % _ \"" : null,
            Tags = new Dictionary<string, string> { ["n"] = $"{i}" },
        })).ToList();

        Assert.All(await WriteManyAsync(jobs, written), Assert.True);

        var found = await jobs.FindAsync([.. written.Select(job => job.Key)], None);
        foreach (var job in written)
        {
            var read = found[job.Key]();
            Assert.Equal((job.State, 1L, Now, Now, job.Definition.Description), (read.State, read.Version, read.CreatedAt, read.UpdatedAt, read.Definition.Description));
            Assert.Equal(1, Assert.Single((await jobs.ListRevisionsAsync(job.Key, 10, null, None)).Items).Version);
        }

        Assert.Equal(["job-007"], await IdsAsync(jobs, new JobQuery { Tenant = "t", Now = Now, Tags = [new("n", "7")] }));
        Assert.Contains(written[7].Key, (await jobs.ReadActiveAsync(written[7].Key.Partition, null, 500, withRows: false, None)).Items.Select(job => job.Key));
        Assert.Contains(written[7].Key, (await jobs.ReadChangedAsync([written[7].Key.Partition], Now, null, 500, None)).Items.Select(job => job.Key));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Pages_of_jobs_that_are_due_and_were_written_at_one_instant_leave_none_out(int limit)
    {
        var jobs = Jobs;
        var partition = Job("a").Key.Partition;
        var keys = (from tenant in (string[])["T", "t"]
                    from prefix in (string[])["Z", "a"]
                    from key in Enumerable.Range(0, 20_000).Select(i => new JobKey(tenant, $"{prefix}{i}")).Where(key => key.Partition == partition).Take(3)
                    select key).OrderBy(key => key.Tenant, StringComparer.Ordinal).ThenBy(key => key.Id, StringComparer.Ordinal).ToList();
        await WriteManyAsync(jobs, keys.ConvertAll(key => Job(key.Id) with { Key = key }));

        Assert.Equal(keys, await AllAsync(cursor => jobs.ReadActiveAsync(partition, cursor, limit, withRows: false, None), job => job.Key));
        Assert.Equal(keys, await AllAsync(cursor => jobs.ReadChangedAsync([partition], Now, cursor, limit, None), job => job.Key));
    }

    [Fact]
    public async Task Many_notes_are_taken_together()
    {
        var jobs = Jobs;
        var written = Enumerable.Range(0, 450).Select(i => Job($"job-{i}")).ToList();
        await WriteManyAsync(jobs, written);
        var (due, over) = (Now.AddDays(3), written.Where((_, i) => i % 2 == 1).Select(job => job.Key).ToHashSet());

        await jobs.NoteDueAsync(written.ConvertAll(job => new DueNote(job.Key, 1, due)), None);
        await jobs.NoteDueAsync([.. over.Select(key => new DueNote(key, 1, null)), new DueNote(new JobKey("t", "never"), 1, null)], None);

        var active = new List<ActiveJob>();
        foreach (var partition in written.Select(job => job.Key.Partition).Distinct())
            active.AddRange((await jobs.ReadActiveAsync(partition, null, 500, withRows: false, None)).Items);
        Assert.Equal(written.Select(job => job.Key).Except(over).OrderBy(key => key.Id), active.Select(job => job.Key).OrderBy(key => key.Id));
        Assert.All(active, job => Assert.Equal(due, job.NotedDue));
    }

    [Fact]
    public async Task Of_jobs_written_together_those_whose_version_was_another_are_left_alone()
    {
        var jobs = Jobs;
        await WriteAsync(jobs, Job("taken"));
        await WriteAsync(jobs, Job("edited"));
        await WriteAsync(jobs, Job("edited") with { Version = 2, State = JobState.Paused });
        await WriteAsync(jobs, Job("old"));

        var written = await WriteManyAsync(jobs, [Job("new"), Job("taken", d => d with { Description = "lost" }), Job("edited") with { Version = 2 }, Job("old", d => d with { Description = "next" }) with { Version = 2 }, Job("never") with { Version = 5 }]);

        Assert.Equal([true, false, false, true, false], written);
        Assert.Equal(1, (await jobs.FindAsync(new JobKey("t", "new"), None))!.Version);
        Assert.Null((await jobs.FindAsync(new JobKey("t", "taken"), None))!.Definition.Description);
        Assert.Equal(JobState.Paused, (await jobs.FindAsync(new JobKey("t", "edited"), None))!.State);
        Assert.Equal((2L, "next"), ((await jobs.FindAsync(new JobKey("t", "old"), None))!.Version, (await jobs.FindAsync(new JobKey("t", "old"), None))!.Definition.Description));
        Assert.Null(await jobs.FindAsync(new JobKey("t", "never"), None));
        foreach (var (id, revisions) in new[] { ("new", 1), ("taken", 1), ("edited", 2), ("old", 2), ("never", 0) })
            Assert.Equal(revisions, (await jobs.ListRevisionsAsync(new JobKey("t", id), 10, null, None)).Items.Count);
    }

    [Fact]
    public async Task Of_many_who_write_the_same_jobs_together_each_job_has_one_winner()
    {
        var jobs = Jobs;
        var first = Enumerable.Range(0, 60).Select(i => Job($"job-{i}")).ToList();
        var second = first.ConvertAll(job => job with { Version = 2 });

        foreach (var version in new[] { first, second })
        {
            var writers = await Task.WhenAll(Enumerable.Range(0, 6).Select(w => WriteManyAsync(jobs, w % 2 == 0 ? version : [.. version.AsEnumerable().Reverse()])));

            var wins = writers.SelectMany((written, w) => written.Select((won, i) => (Job: w % 2 == 0 ? i : version.Count - 1 - i, Won: won))).Where(one => one.Won).Select(one => one.Job);
            Assert.Equal(Enumerable.Range(0, version.Count), wins.Order());
        }

        foreach (var job in first)
            Assert.Equal([2L, 1L], (await jobs.ListRevisionsAsync(job.Key, 10, null, None)).Items.Select(r => r.Version));
    }

    private static Task<IReadOnlyList<bool>> WriteManyAsync(IJobStore jobs, IReadOnlyList<Job> written) => jobs.WriteAsync([.. written.Select(job => new JobWrite(job, Revision(job)))], None);

    private static async Task<List<JobKey>> AllAsync<T>(Func<string?, Task<Page<T>>> read, Func<T, JobKey> keyOf)
    {
        var keys = new List<JobKey>();
        string? cursor = null;
        do
        {
            var page = await read(cursor);
            keys.AddRange(page.Items.Select(keyOf));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return keys;
    }
}
