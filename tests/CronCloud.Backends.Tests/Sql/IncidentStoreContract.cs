using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>What the record of incidents must do on every database.</summary>
public abstract class IncidentStoreContract : AlertsContract
{
    protected abstract IJobStore Jobs { get; }

    [Fact]
    public async Task An_incident_and_its_jobs_health_come_back_as_they_were_written()
    {
        var change = Change(new JobHealth { Job = Key("a.b-c") }, AttemptResult.Failed, Now);
        Assert.True(await Incidents.WriteAsync([change], None));

        var incident = change.Health.Incident!;
        Assert.Equal(Text(incident), Text((await Incidents.FindAsync("t", incident.Id, None))!));
        Assert.Equal(Text(change.Health), Text(await HealthAsync(Key("a.b-c"))));
        Assert.Null(await Incidents.FindAsync("other", incident.Id, None));
        Assert.Empty(await Incidents.ReadAsync([Key("b"), Key("a.b-c", "other")], None));
        Assert.Equal(change.Events, await Incidents.ReadEventsAsync("t", incident.Id, None));
    }

    [Fact]
    public async Task The_health_of_a_thousand_jobs_is_read_at_once()
    {
        var jobs = Enumerable.Range(0, 1000).Select(i => Key($"job-{i}", $"tenant-{i % 7}")).ToList();
        var changes = jobs.Where((_, i) => i % 10 == 0).Select(job => Change(new JobHealth { Job = job }, AttemptResult.Failed, Now)).ToList();
        Assert.True(await Incidents.WriteAsync(changes, None));

        var known = await Incidents.ReadAsync([.. jobs, .. jobs], None);

        Assert.Equal(changes.Select(c => c.Health.Job).ToHashSet(), known.Keys.ToHashSet());
        Assert.All(known.Values, h => Assert.Equal(h.Job.Id, h.Incident!.JobId));
        Assert.Empty(await Incidents.ReadAsync([], None));
    }

    [Fact]
    public async Task Of_two_writers_of_one_health_one_wins_and_the_other_writes_nothing()
    {
        var (first, second) = (Change(new JobHealth { Job = Key("a") }, AttemptResult.Failed, Now), Change(new JobHealth { Job = Key("a") }, AttemptResult.Failed, Now.AddSeconds(1)));
        var other = Change(new JobHealth { Job = Key("b") }, AttemptResult.Failed, Now);
        Assert.True(await Incidents.WriteAsync([first], None));

        Assert.False(await Incidents.WriteAsync([other, second], None));

        Assert.Equal([first.Health.Incident!.Id], (await ListAsync(new IncidentQuery { Tenant = "t" })).Select(i => i.Id));
        Assert.Empty(await Incidents.ReadAsync([Key("b")], None));
    }

    /// <summary>The health that it has read was forgotten with its job, and begun anew, by the same version.</summary>
    [Fact]
    public async Task A_writer_that_does_not_know_of_the_open_incident_opens_no_other()
    {
        var open = await FailAsync("a");
        var late = Change(new JobHealth { Job = Key("a"), Version = 1 }, AttemptResult.Failed, Now.AddSeconds(1));
        Assert.NotEqual(open.Id, late.Health.Incident!.Id);

        Assert.False(await Incidents.WriteAsync([late], None));

        Assert.Equal([open.Id], (await ListAsync(new IncidentQuery { Tenant = "t" })).Select(i => i.Id));
    }

    [Fact]
    public async Task Of_many_writers_at_once_one_wins()
    {
        var changes = Enumerable.Range(0, 8).Select(i => Change(new JobHealth { Job = Key("a") }, AttemptResult.Failed, Now.AddSeconds(i))).ToList();

        var wins = await Task.WhenAll(changes.Select(change => Task.Run(() => Incidents.WriteAsync([change], None))));

        Assert.Single(wins, won => won);
        Assert.Single(await ListAsync(new IncidentQuery { Tenant = "t" }));
    }

    [Fact]
    public async Task An_acknowledgement_and_outcomes_do_not_overwrite_each_other()
    {
        var incident = await FailAsync("a");
        var health = await HealthAsync(Key("a"));
        var known = IncidentChange.Acknowledged(incident, "me", Now.AddMinutes(1))!;
        Assert.True(await Incidents.WriteAsync(known, None));
        Assert.False(await Incidents.WriteAsync(known, None));

        Assert.False(await Incidents.WriteAsync([Change(health, AttemptResult.Succeeded, Now.AddMinutes(2))], None));
        await RecoverAsync("a", Now.AddMinutes(2));

        var resolved = (await Incidents.FindAsync("t", incident.Id, None))!;
        Assert.Equal((IncidentState.Resolved, Now.AddMinutes(1), "me", 3L), (resolved.State, resolved.AcknowledgedAt, resolved.AcknowledgedBy, resolved.Version));
        Assert.Equal([IncidentEventKind.Opened, IncidentEventKind.Acknowledged, IncidentEventKind.Recovered], (await Incidents.ReadEventsAsync("t", incident.Id, None)).Select(e => e.Kind));
    }

    [Fact]
    public async Task One_that_ends_and_one_that_begins_are_written_together()
    {
        await FailAsync("a");
        var change = Change(await HealthAsync(Key("a")), [OutcomeOf(Key("a"), AttemptResult.Succeeded, Now.AddMinutes(1)), OutcomeOf(Key("a"), AttemptResult.Failed, Now.AddMinutes(2))]);

        Assert.True(await Incidents.WriteAsync([change], None));

        Assert.Equal([IncidentState.Open, IncidentState.Resolved], (await ListAsync(new IncidentQuery { Tenant = "t" })).Select(i => i.State));
        Assert.Equal(Now.AddMinutes(2), (await HealthAsync(Key("a"))).Incident!.OpenedAt);
    }

    [Fact]
    public async Task A_list_is_filtered_and_paged_the_newest_first()
    {
        for (var i = 0; i < 5; i++)
            await FailAsync($"job-{i}", Now.AddMinutes(i / 2));
        await RecoverAsync("job-1", Now.AddMinutes(30));
        await FailAsync("job-1", Now.AddMinutes(40));
        await FailAsync("job-1", tenant: "other");
        Assert.True(await Incidents.WriteAsync(IncidentChange.Acknowledged((await HealthAsync(Key("job-3"))).Incident!, "me", Now)!, None));

        var paged = new List<Incident>();
        var query = new IncidentQuery { Tenant = "t", Limit = 2 };
        do
        {
            var page = await Incidents.ListAsync(query, None);
            paged.AddRange(page.Items);
            query = query with { Cursor = page.NextCursor };
        }
        while (query.Cursor is not null);

        Assert.Equal(6, paged.Select(i => i.Id).Distinct().Count());
        Assert.Equal(paged.OrderByDescending(i => i.OpenedAt).ThenByDescending(i => i.Id, StringComparer.Ordinal).Select(i => i.Id), paged.Select(i => i.Id));
        Assert.Equal(["job-1", "job-1"], (await ListAsync(new IncidentQuery { Tenant = "t", JobId = "job-1" })).Select(i => i.JobId));
        Assert.Equal(["job-1"], (await ListAsync(new IncidentQuery { Tenant = "t", State = IncidentState.Resolved })).Select(i => i.JobId));
        Assert.Equal(["job-3"], (await ListAsync(new IncidentQuery { Tenant = "t", State = IncidentState.Acknowledged })).Select(i => i.JobId));
        Assert.Equal(4, (await ListAsync(new IncidentQuery { Tenant = "t", State = IncidentState.Open })).Count);
    }

    [Fact]
    public async Task Incidents_whose_job_is_gone_are_found()
    {
        var jobs = Jobs;
        foreach (var (id, state, made) in new[] { ("lives", JobState.Active, -1), ("paused", JobState.Paused, -1), ("deleted", JobState.Deleted, -1), ("anew", JobState.Active, 1), ("well", JobState.Deleted, -1) })
        {
            var job = new Job { Key = Key(id), Definition = new JobDefinition { Schedule = new ScheduleSpec { Cron = "* * * * *" }, Target = new Target() }, State = state, Version = 1, CreatedAt = Now.AddHours(made), UpdatedAt = Now };
            Assert.True(await jobs.WriteAsync(job, new Revision(1, Now, "test", "created", state, job.Definition), None));
            await FailAsync(id);
        }

        await RecoverAsync("well", Now.AddMinutes(1));

        var orphans = await Incidents.ReadOrphansAsync(10, None);
        Assert.Equal(["anew", "deleted"], orphans.Select(i => i.JobId).Order());
        foreach (var orphan in orphans)
            Assert.True(await Incidents.WriteAsync([HealthChange.Closed(await HealthAsync(Key(orphan.JobId)), "gone", Now.AddHours(2))], None));
        Assert.Empty(await Incidents.ReadOrphansAsync(10, None));
        Assert.Equal("gone", (await Incidents.FindAsync("t", orphans[0].Id, None))!.ClosedBecause);
    }

    [Fact]
    public async Task What_is_long_over_is_forgotten_and_what_goes_on_is_not()
    {
        var open = await FailAsync("open", Now.AddDays(-200));
        var old = await FailAsync("old", Now.AddDays(-200));
        await RecoverAsync("old", Now.AddDays(-100));
        var late = await FailAsync("late", Now.AddDays(-200));
        await RecoverAsync("late", Now.AddDays(-10));

        Assert.Equal(2, await Incidents.PruneAsync(Now.AddDays(-90), Now.AddDays(-1), Now.AddDays(-30), 500, None));
        Assert.Equal(0, await Incidents.PruneAsync(Now.AddDays(-90), Now.AddDays(-1), Now.AddDays(-30), 500, None));

        Assert.Null(await Incidents.FindAsync("t", old.Id, None));
        Assert.Empty(await Incidents.ReadEventsAsync("t", old.Id, None));
        Assert.NotNull(await Incidents.FindAsync("t", late.Id, None));
        Assert.Equal(open.Id, (await HealthAsync(Key("open"))).Incident!.Id);
        Assert.Empty(await Incidents.ReadAsync([Key("old"), Key("late")], None));
    }

    [Fact]
    public async Task Failures_that_came_to_no_incident_are_forgotten_after_long_or_with_their_job()
    {
        foreach (var (id, at) in new[] { ("old", Now.AddDays(-40)), ("young", Now.AddDays(-20)), ("deleted", Now), ("anew", Now.AddHours(-1)), ("there", Now) })
            Assert.True(await Incidents.WriteAsync([Change(new JobHealth { Job = Key(id) }, [OutcomeOf(Key(id), AttemptResult.Failed, at) with { IsFinal = false }])], None));
        await FailAsync("open", Now.AddDays(-40));
        foreach (var (id, state, made) in new[] { ("deleted", JobState.Deleted, Now.AddDays(-1)), ("anew", JobState.Active, Now), ("there", JobState.Active, Now.AddDays(-1)) })
        {
            var job = new Job { Key = Key(id), Definition = new JobDefinition { Schedule = new ScheduleSpec { Cron = "0 * * * *" }, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } } }, State = state, Version = 1, CreatedAt = made, UpdatedAt = made };
            Assert.True(await Jobs.WriteAsync(job, new Revision(1, Now, "test", "created", state, job.Definition), None));
        }

        Assert.Equal((2, 0), (await Incidents.ForgetOrphansAsync(10, None), await Incidents.ForgetOrphansAsync(10, None)));
        Assert.Equal(1, await Incidents.PruneAsync(Now.AddDays(-90), Now.AddDays(-1), Now.AddDays(-30), 500, None));

        var known = await Incidents.ReadAsync([.. new[] { "old", "young", "deleted", "anew", "there", "open" }.Select(id => Key(id))], None);
        Assert.Equal(["open", "there", "young"], known.Keys.Select(k => k.Id).Order());
    }

    private async Task<IReadOnlyList<Incident>> ListAsync(IncidentQuery query) => (await Incidents.ListAsync(query, None)).Items;

    private static string Text<T>(T record) => System.Text.Json.JsonSerializer.Serialize(record, Core.Json.CoreJson.Options);
}
