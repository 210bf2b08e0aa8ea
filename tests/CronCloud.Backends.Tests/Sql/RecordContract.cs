using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>What the record must do, wherever it is kept.</summary>
public abstract partial class RecordContract
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract IJobStore Jobs { get; }

    protected abstract IPendingStore Pending { get; }

    protected abstract ICheckpointStore Checkpoints { get; }

    protected abstract IDeadLetterStore DeadLetters { get; }

    [Fact]
    public async Task A_job_comes_back_as_it_was_written()
    {
        var jobs = Jobs;
        var job = Job("nightly", d => d with
        {
            Description = "Ünï 'quotes' \\ % _",
            Tags = new Dictionary<string, string> { ["team"] = "data" },
            Retry = new RetryPolicy { MaxRetries = 2, InitialDelay = TimeSpan.FromSeconds(3), Jitter = false },
        });

        Assert.True(await jobs.WriteAsync(job, Revision(job), None));

        var read = (await jobs.FindAsync(job.Key, None))!;
        Assert.Equal((job.Key, job.State, job.Version, job.CreatedAt, job.UpdatedAt), (read.Key, read.State, read.Version, read.CreatedAt, read.UpdatedAt));
        Assert.Equal(job.Definition.Description, read.Definition.Description);
        Assert.Equal(job.Definition.Retry, read.Definition.Retry);
        Assert.Equal(job.Definition.Schedule, read.Definition.Schedule);
        Assert.Equal("data", read.Definition.Tags["team"]);
        Assert.Null(await jobs.FindAsync(new JobKey("other", "nightly"), None));
    }

    [Fact]
    public async Task A_write_happens_only_on_the_version_that_the_writer_saw()
    {
        var jobs = Jobs;
        var first = Job("a");
        Assert.True(await jobs.WriteAsync(first, Revision(first), None));

        Assert.False(await jobs.WriteAsync(first, Revision(first), None));
        var third = first with { Version = 3 };
        Assert.False(await jobs.WriteAsync(third, Revision(third), None));
        var second = first with { Version = 2, State = JobState.Paused };
        Assert.True(await jobs.WriteAsync(second, Revision(second), None));
        Assert.False(await jobs.WriteAsync(second, Revision(second), None));

        var revisions = (await jobs.ListRevisionsAsync(first.Key, 10, null, None)).Items;
        Assert.Equal([2, 1], revisions.Select(r => r.Version));
    }

    [Fact]
    public async Task Of_many_writers_of_one_version_one_wins()
    {
        var jobs = Jobs;
        var job = Job("a");

        var wins = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => jobs.WriteAsync(job, Revision(job), None)));

        Assert.Single(wins, won => won);
    }

    [Fact]
    public async Task A_list_is_filtered_and_paged_by_id()
    {
        var jobs = Jobs;
        await WriteAsync(jobs, Job("b", d => d with { Tags = new Dictionary<string, string> { ["team"] = "data" }, Description = "Nightly REPORT" }));
        await WriteAsync(jobs, Job("a", d => d with { Tags = new Dictionary<string, string> { ["team"] = "database" } }));
        await WriteAsync(jobs, Job("c") with { State = JobState.Paused });
        await WriteAsync(jobs, Job("d") with { State = JobState.Deleted });
        await WriteAsync(jobs, Job("e", d => d with { Schedule = new ScheduleSpec { At = Now.AddHours(-1) } }));
        await WriteAsync(jobs, Job("Z"));
        var query = new JobQuery { Tenant = "t", Now = Now };

        Assert.Equal(["Z", "a", "b", "c", "e"], await IdsAsync(jobs, query));
        Assert.Equal(["Z", "a", "b"], await IdsAsync(jobs, query with { State = JobState.Active }));
        Assert.Equal(["c"], await IdsAsync(jobs, query with { State = JobState.Paused }));
        Assert.Equal(["e"], await IdsAsync(jobs, query with { State = JobState.Completed }));
        Assert.Equal(["b"], await IdsAsync(jobs, query with { Tags = [new("team", "data")] }));
        Assert.Equal(["b"], await IdsAsync(jobs, query with { Text = "report" }));
        Assert.Empty(await IdsAsync(jobs, query with { Text = "%" }));
        Assert.Equal(["Z", "a", "b", "c", "e"], await IdsAsync(jobs, query with { Destination = "example.com" }));
        Assert.Empty(await IdsAsync(jobs, query with { Tenant = "other" }));

        var first = await jobs.ListAsync(query with { Limit = 2 }, None);
        await WriteAsync(jobs, Job("0-new"));
        var second = await jobs.ListAsync(query with { Limit = 2, Cursor = first.NextCursor }, None);
        var third = await jobs.ListAsync(query with { Limit = 2, Cursor = second.NextCursor }, None);
        Assert.Equal(["Z", "a"], first.Items.Select(j => j.Key.Id));
        Assert.Equal(["b", "c"], second.Items.Select(j => j.Key.Id));
        Assert.Equal(["e"], third.Items.Select(j => j.Key.Id));
        Assert.Null(third.NextCursor);
    }

    [Fact]
    public async Task A_partition_is_read_with_its_active_jobs_only()
    {
        var jobs = Jobs;
        await WriteAsync(jobs, Job("a"));
        await WriteAsync(jobs, Job("b") with { State = JobState.Paused });

        var read = new List<string>();
        for (var partition = 0; partition < Partitions.Count; partition++)
        {
            foreach (var job in (await jobs.ReadActiveAsync(partition, null, 10, withRows: true, None)).Items)
            {
                Assert.Equal(partition, job.Key.Partition);
                Assert.Equal(job.Key, job.Read!().Key);
                read.Add(job.Key.Id);
            }
        }

        Assert.Equal(["a"], read);
    }

    [Fact]
    public async Task Checkpoints_only_move_forward()
    {
        var checkpoints = Checkpoints;
        Assert.Null(await checkpoints.ReadAsync(1, None));
        await checkpoints.WriteAsync(new Dictionary<int, DateTimeOffset> { [1] = Now, [2] = Now }, None);

        await checkpoints.WriteAsync(new Dictionary<int, DateTimeOffset> { [1] = Now.AddSeconds(-5), [2] = Now.AddSeconds(5) }, None);

        Assert.Equal(Now, await checkpoints.ReadAsync(1, None));
        Assert.Equal(Now.AddSeconds(5), await checkpoints.ReadAsync(2, None));
    }

    [Fact]
    public async Task A_pending_execution_stays_until_removed_and_a_later_attempt_replaces_it()
    {
        var pending = Pending;
        var execution = Execution(1);
        await pending.KeepAsync([new PendingExecution(execution, Now)], None);

        await pending.KeepAsync([new PendingExecution(execution with { Attempt = 3 }, Now.AddSeconds(30))], None);
        await pending.KeepAsync([new PendingExecution(execution with { Attempt = 2 }, Now.AddSeconds(10))], None);

        var kept = Assert.Single(await pending.ReadAsync(execution.Job.Partition, None));
        Assert.Equal((3, Now.AddSeconds(30), execution.ExecutionId), (kept.Execution.Attempt, kept.Due, kept.Execution.ExecutionId));
        await pending.RemoveAsync([execution], None);
        Assert.Single(await pending.ReadAsync(execution.Job.Partition, None));
        await pending.RemoveAsync([execution with { Attempt = 3 }], None);
        Assert.Empty(await pending.ReadAsync(execution.Job.Partition, None));
    }

    [Fact]
    public async Task Of_many_pending_executions_at_once_the_highest_attempt_of_each_stays()
    {
        var pending = Pending;
        var executions = Enumerable.Range(0, 450).Select(i => Execution(1) with { ExecutionId = $"a@{i}" }).ToList();
        await pending.KeepAsync([.. executions.Select(e => new PendingExecution(e with { Attempt = 5 }, Now))], None);

        await pending.KeepAsync([.. executions.SelectMany((e, i) => new[] { 2, 4 + (i % 3), 3 }.Select(attempt => new PendingExecution(e with { Attempt = attempt }, Now.AddSeconds(attempt))))], None);

        var kept = (await pending.ReadAsync(executions[0].Job.Partition, None)).ToDictionary(p => p.Execution.ExecutionId);
        Assert.Equal(450, kept.Count);
        Assert.All(executions.Index(), e => Assert.Equal(e.Index % 3 == 2 ? (6, Now.AddSeconds(6)) : (5, Now), (kept[e.Item.ExecutionId].Execution.Attempt, kept[e.Item.ExecutionId].Due)));
    }

    [Fact]
    public async Task Of_many_dead_letters_at_once_the_latest_of_each_stays_and_no_redriven_one_comes_back()
    {
        var (letters, pending) = (DeadLetters, Pending);
        var many = Enumerable.Range(0, 450).Select(i => Letter("a", 2, Now.AddSeconds(i))).ToList();
        await pending.KeepAsync([.. many.Select((l, i) => new PendingExecution(l.Execution with { Attempt = i == 7 ? 4 : 2 }, Now))], None);

        await letters.KeepAsync([.. many.SelectMany(l => new[] { 1, 3, 2 }.Select(attempt => l with { Execution = l.Execution with { Attempt = attempt } }))], None);

        Assert.Equal(4, Assert.Single(await pending.ReadAsync(many[0].Execution.Job.Partition, None)).Execution.Attempt);
        var kept = (await letters.ListAsync(new DeadLetterQuery { Tenant = "t", Limit = 500 }, None)).Items;
        Assert.Equal(449, kept.Count);
        Assert.All(kept, l => Assert.Equal(3, l.Execution.Attempt));
        Assert.Null(await letters.FindAsync("t", many[7].Execution.ExecutionId, None));
    }

    [Fact]
    public async Task Active_jobs_come_by_their_noted_due_time_a_page_at_a_time()
    {
        var jobs = Jobs;
        var partition = Job("a").Key.Partition;
        var same = Enumerable.Range(0, 20_000).Select(i => $"j{i}").Where(id => new JobKey("t", id).Partition == partition).Take(6).ToList();
        for (var i = 0; i < same.Count; i++)
            await WriteAsync(jobs, Job(same[i], d => d with { Schedule = new ScheduleSpec { At = Now.AddHours(same.Count - i) } }));

        await jobs.NoteDueAsync([new DueNote(new JobKey("t", same[5]), 1, Now.AddHours(10)), new DueNote(new JobKey("t", same[4]), 1, null), new DueNote(new JobKey("t", same[3]), 7, null)], None);

        var read = await AllAsync(cursor => jobs.ReadActiveAsync(partition, cursor, 2, withRows: true, None), job => job.Key);
        Assert.Equal([same[3], same[2], same[1], same[0], same[5]], read.Select(key => key.Id));
    }

    [Fact]
    public async Task Stamps_tell_state_and_version_of_those_that_there_are()
    {
        var jobs = Jobs;
        await WriteAsync(jobs, Job("a"));
        await WriteAsync(jobs, Job("b") with { State = JobState.Deleted });

        var stamps = await jobs.StampAsync([new JobKey("t", "a"), new JobKey("t", "b"), new JobKey("t", "none"), new JobKey("other", "a")], None);

        Assert.Equal(2, stamps.Count);
        Assert.Equal(new JobStamp(JobState.Active, 1), stamps[new JobKey("t", "a")]);
        Assert.Equal(new JobStamp(JobState.Deleted, 1), stamps[new JobKey("t", "b")]);
    }

    [Fact]
    public async Task Jobs_are_found_together_also_deleted_ones_and_those_of_other_tenants()
    {
        var jobs = Jobs;
        await WriteAsync(jobs, Job("a"));
        await WriteAsync(jobs, Job("b") with { State = JobState.Deleted });
        await WriteAsync(jobs, Job("a") with { Key = new JobKey("other", "a") });
        JobKey[] there = [new JobKey("t", "a"), new JobKey("t", "b"), new JobKey("other", "a")];

        var found = await jobs.FindAsync([.. there, .. there, new JobKey("t", "none"), new JobKey("other", "b")], None);

        Assert.Equal(there.ToHashSet(), found.Keys.ToHashSet());
        Assert.Equal((JobState.Active, JobState.Deleted), (found[there[0]]().State, found[there[1]]().State));
        Assert.All(found, job => Assert.Equal(job.Key, job.Value().Key));
        Assert.Empty(await jobs.FindAsync([], None));
    }

    [Fact]
    public async Task A_dead_letter_takes_the_place_of_its_pending_execution()
    {
        var (letters, pending) = (DeadLetters, Pending);
        var letter = Letter("a", 2, Now);
        await pending.KeepAsync([new PendingExecution(letter.Execution, Now)], None);

        await letters.KeepAsync([letter], None);
        await letters.KeepAsync([letter with { Execution = letter.Execution with { Attempt = 1 }, Error = "older" }], None);

        Assert.Empty(await pending.ReadAsync(letter.Execution.Job.Partition, None));
        var read = (await letters.FindAsync("t", letter.Execution.ExecutionId, None))!;
        Assert.Equal((2, "answered 500", "no", 1), (read.Execution.Attempt, read.Error, read.Output, read.Attempts.Count));
        Assert.Null(await letters.FindAsync("other", letter.Execution.ExecutionId, None));
    }

    [Fact]
    public async Task A_redriven_dead_letter_is_pending_and_does_not_come_back()
    {
        var (letters, pending) = (DeadLetters, Pending);
        var letter = Letter("a", 6, Now);
        await letters.KeepAsync([letter], None);

        Assert.Equal((7, 7), Assert.Single((await letters.RedriveAsync([letter], Now, None)).Select(e => (e.Attempt, e.FirstAttempt))));
        Assert.Empty(await letters.RedriveAsync([letter], Now, None));
        await letters.KeepAsync([letter], None);

        Assert.Null(await letters.FindAsync("t", letter.Execution.ExecutionId, None));
        Assert.Equal(7, Assert.Single(await pending.ReadAsync(letter.Execution.Job.Partition, None)).Execution.Attempt);
    }

    [Fact]
    public async Task Dead_letters_are_listed_newest_first_by_job_and_by_time_and_discarded()
    {
        var letters = DeadLetters;
        await letters.KeepAsync([Letter("a", 1, Now), Letter("b", 1, Now.AddSeconds(1)), Letter("a", 1, Now.AddSeconds(2)), Letter("c", 1, Now.AddSeconds(2))], None);
        var query = new DeadLetterQuery { Tenant = "t" };

        Assert.Equal(["c", "a", "b", "a"], (await letters.ListAsync(query, None)).Items.Select(d => d.Execution.JobId));
        Assert.Equal(2, (await letters.ListAsync(query with { JobId = "a" }, None)).Items.Count);
        Assert.Equal(["b", "a"], (await letters.ListAsync(query with { Before = Now.AddSeconds(2) }, None)).Items.Select(d => d.Execution.JobId));
        var first = await letters.ListAsync(query with { Limit = 3 }, None);
        Assert.Equal("a", Assert.Single((await letters.ListAsync(query with { Cursor = first.NextCursor }, None)).Items).Execution.JobId);

        Assert.True(await letters.DiscardAsync("t", first.Items[0].Execution.ExecutionId, None));
        Assert.False(await letters.DiscardAsync("t", first.Items[0].Execution.ExecutionId, None));
        Assert.Equal(3, (await letters.ListAsync(query, None)).Items.Count);
    }

    [Fact]
    public async Task Changed_jobs_of_whatever_state_are_read_partition_by_partition_of_each_the_oldest_change_first_a_page_at_a_time()
    {
        var jobs = Jobs;
        var ids = Enumerable.Range(0, 10_000).Select(i => $"job-{i}").GroupBy(id => new JobKey("t", id).Partition).Where(same => same.Count() > 1).OrderBy(same => same.Key).Take(2).Select(same => same.ToList()).ToList();
        var (a, b) = (Job(ids[1][0]), Job(ids[0][0]) with { UpdatedAt = Now.AddSeconds(2), State = JobState.Paused });
        var c = Job(ids[0][1]) with { UpdatedAt = Now.AddSeconds(1), State = JobState.Deleted };
        foreach (var job in (Job[])[a, b, c])
            await WriteAsync(jobs, job);
        int[] partitions = [a.Key.Partition, b.Key.Partition];

        await jobs.NoteDueAsync([new DueNote(a.Key, 1, null)], None);
        var first = await jobs.ReadChangedAsync(partitions, Now, null, 2, None);
        var second = await jobs.ReadChangedAsync(partitions, Now, first.NextCursor, 2, None);

        Assert.Equal([new ChangedJob(c.Key, 1, Now.AddSeconds(1), IsOver: false), new ChangedJob(b.Key, 1, Now.AddSeconds(2), IsOver: false), new ChangedJob(a.Key, 1, Now, IsOver: true)], first.Items.Concat(second.Items));
        Assert.Null(second.NextCursor);
        Assert.Equal([b.Key], (await jobs.ReadChangedAsync(partitions, Now.AddSeconds(2), null, 10, None)).Items.Select(j => j.Key));
        Assert.Equal([a.Key], (await jobs.ReadChangedAsync([a.Key.Partition], Now, first.NextCursor, 10, None)).Items.Select(j => j.Key));
        Assert.Empty((await jobs.ReadChangedAsync([Enumerable.Range(0, Partitions.Count).First(p => !partitions.Contains(p))], Now, null, 10, None)).Items);
    }

    private static Job Job(string id, Func<JobDefinition, JobDefinition>? change = null)
    {
        var definition = new JobDefinition
        {
            Schedule = new ScheduleSpec { Cron = "0 3 * * *" },
            Target = new Target { Http = new HttpTarget { Url = "https://example.com/hook" } },
        };
        return new Job { Key = new JobKey("t", id), Definition = change?.Invoke(definition) ?? definition, State = JobState.Active, Version = 1, CreatedAt = Now, UpdatedAt = Now };
    }

    private static Revision Revision(Job job) => new(job.Version, Now, "test", "written", job.State, job.Definition);

    private static async Task WriteAsync(IJobStore jobs, Job job) => Assert.True(await jobs.WriteAsync(job, Revision(job), None));

    private static async Task<IEnumerable<string>> IdsAsync(IJobStore jobs, JobQuery query) => (await jobs.ListAsync(query, None)).Items.Select(j => j.Key.Id);

    private static DeadLetter Letter(string job, int attempt, DateTimeOffset at)
    {
        var execution = Execution(attempt) with { JobId = job, ExecutionId = ExecutionId.Of(job, at), ScheduledAt = at };
        return DeadLetter.Of(new Outcome { Execution = execution, Result = AttemptResult.Failed, StartedAt = at, DurationMs = 0, Node = "node", Error = "answered 500", Output = "no" });
    }

    private static Execution Execution(int attempt) => new()
    {
        Tenant = "t",
        JobId = "a",
        JobVersion = 1,
        ExecutionId = "a@20261201T030000Z",
        ScheduledAt = Now,
        Trigger = Trigger.Manual,
        Attempt = attempt,
        Target = new Target { Http = new HttpTarget { Url = "https://example.com/hook" } },
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };
}
