using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;

namespace CronCloud.Engine.Tests.Alerts;

public sealed class IncidentReaderTests
{
    [Fact]
    public async Task Trouble_opens_one_incident_and_its_end_resolves_it()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.TellAsync(bench.Failed());
        var open = await bench.IncidentAsync();
        Assert.Equal((IncidentState.Open, 1L), (open.State, open.Version));

        bench.Pipeline.Time.Advance(TimeSpan.FromMinutes(1));
        await bench.TellAsync(bench.Failed(), bench.Succeeded("another"));
        bench.Pipeline.Time.Advance(TimeSpan.FromMinutes(1));
        await bench.TellAsync(bench.Succeeded());

        var resolved = Assert.Single((await bench.Pipeline.Incidents.ListAsync(new IncidentQuery { Tenant = "t" }, Pipeline.None)).Items);
        Assert.Equal((IncidentState.Resolved, 3L, bench.Now), (resolved.State, resolved.Version, resolved.ResolvedAt));
        Assert.Equal([IncidentEventKind.Opened, IncidentEventKind.Recovered], await bench.EventsAsync());
    }

    [Fact]
    public async Task Nothing_is_written_of_jobs_that_are_well()
    {
        await using var bench = await AlertBench.OpenAsync();
        var store = new FaultyIncidents(bench.Pipeline.Incidents);
        await bench.PublishAsync([.. Enumerable.Range(0, 500).Select(i => bench.Succeeded($"job-{i}"))]);

        await bench.NewReader(store).RunOnceAsync(Pipeline.None);

        Assert.Equal((1, 0), (store.Reads, store.Writes));
        Assert.Equal(0, await bench.Pipeline.Outcomes.CountAsync(OutcomeReader.Alerts, Pipeline.None));
    }

    [Fact]
    public async Task What_cannot_be_recorded_stays_in_the_stream_and_is_recorded_later()
    {
        await using var bench = await AlertBench.OpenAsync();
        var store = new FaultyIncidents(bench.Pipeline.Incidents) { IsAway = true };
        await bench.PublishAsync(bench.Failed());

        await Assert.ThrowsAsync<IOException>(() => bench.NewReader(store).RunOnceAsync(Pipeline.None));
        Assert.Equal(1, await bench.Pipeline.Outcomes.CountAsync(OutcomeReader.Alerts, Pipeline.None));
        store.IsAway = false;
        await bench.NewReader(store).RunOnceAsync(Pipeline.None);

        Assert.Equal(IncidentState.Open, (await bench.IncidentAsync()).State);
        Assert.Equal(0, await bench.Pipeline.Outcomes.CountAsync(OutcomeReader.Alerts, Pipeline.None));
    }

    [Fact]
    public async Task A_reader_that_dies_after_its_write_leaves_what_changes_nothing_more()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync();
        var store = new FaultyIncidents(bench.Pipeline.Incidents) { BreaksAfterWrite = true };
        await bench.PublishAsync(bench.Failed());
        await Assert.ThrowsAsync<IOException>(() => bench.NewReader(store).RunOnceAsync(Pipeline.None));

        await bench.NewReader().RunOnceAsync(Pipeline.None);
        Assert.Equal(1, (await bench.IncidentAsync()).Version);
        await bench.PassAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([AlertKind.Opened], bench.Sender.Messages.Select(m => m.Kind));
    }

    [Fact]
    public async Task Two_readers_of_the_same_job_lose_nothing()
    {
        await using var bench = await AlertBench.OpenAsync();
        var store = new FaultyIncidents(bench.Pipeline.Incidents);
        var first = bench.Failed();
        bench.Pipeline.Time.Advance(TimeSpan.FromMinutes(1));
        await bench.PublishAsync(bench.Failed());
        store.Meanwhile = () => bench.TellAsync(first);

        await bench.NewReader(store).RunOnceAsync(Pipeline.None);

        var incident = await bench.IncidentAsync();
        Assert.Equal((2, 2L, first.EndedAt), (incident.Failures, incident.Version, incident.OpenedAt));
    }

    [Fact]
    public async Task What_CronCloud_runs_for_itself_opens_nothing()
    {
        await using var bench = await AlertBench.OpenAsync();

        await bench.TellAsync(bench.Failed("croncloud.channel.ops"), bench.Failed("CronCloud.x"));

        Assert.Empty((await bench.Pipeline.Incidents.ListAsync(new IncidentQuery { Tenant = "t" }, Pipeline.None)).Items);
    }

    [Fact]
    public async Task An_outcome_that_nothing_can_be_made_of_stops_no_other()
    {
        await using var bench = await AlertBench.OpenAsync();

        await bench.TellAsync(bench.Failed() with { DurationMs = long.MaxValue / 2 }, bench.Failed("other"));

        Assert.Equal("other", Assert.Single((await bench.Pipeline.Incidents.ListAsync(new IncidentQuery { Tenant = "t" }, Pipeline.None)).Items).JobId);
        Assert.Equal(0, await bench.Pipeline.Outcomes.CountAsync(OutcomeReader.Alerts, Pipeline.None));
    }

    [Fact]
    public async Task Executions_carry_the_thresholds_of_their_job()
    {
        await using var bench = await AlertBench.OpenAsync();
        var policy = new AlertPolicy { ConsecutiveFailures = 1, LateAfter = TimeSpan.FromSeconds(9), SlowAfter = TimeSpan.FromSeconds(2), Channels = ["ops"], RemindEvery = TimeSpan.FromHours(1) };
        var reply = await bench.Pipeline.Book.ChangeAsync(
            new Engine.Jobs.ChangeJob
            {
                Tenant = "t",
                Id = "job",
                Action = Engine.Jobs.JobAction.Put,
                By = "test",
                Definition = new JobDefinition { Schedule = Pipeline.EverySecond, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } }, Alerts = policy },
            },
            Pipeline.None);
        Assert.NotNull(reply.Job);
        await bench.Pipeline.Book.TriggerAsync(new Engine.Jobs.TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(bench.Pipeline.NewPartition());

        var executions = await bench.Pipeline.TakeAsync();

        Assert.Equal(2, executions.Count);
        Assert.All(executions, e => Assert.Equal((1, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(2), 0), (e.Alerts!.ConsecutiveFailures, e.Alerts.LateAfter, e.Alerts.SlowAfter!.Value, e.Alerts.Channels.Count)));
        Assert.Null(new AlertPolicy { Channels = ["ops"], RemindEvery = TimeSpan.FromHours(1) }.Thresholds());
    }
}
