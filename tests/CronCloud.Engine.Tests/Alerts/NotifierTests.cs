using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Alerts;

public sealed class NotifierTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task An_incident_is_told_once_when_it_opens_and_once_when_it_is_over()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync();
        await FailAsync(bench, times: 4);
        await bench.PassAsync(Soon);

        var opened = Assert.Single(bench.Sender.Messages);
        var item = Assert.Single(opened.Items);
        var incident = await bench.IncidentAsync();
        Assert.Equal((AlertKind.Opened, "t", incident.Id, "job", incident.OpenedAt, "answered 500"), (opened.Kind, opened.Tenant, item.IncidentId, item.JobId, item.Since, item.LastError));

        await bench.TellAsync(bench.Succeeded());
        await bench.PassAsync(Soon);
        var recovered = Assert.Single(bench.Sender.Messages.Skip(1));
        Assert.Equal((AlertKind.Recovered, incident.OpenedAt, (await bench.IncidentAsync()).ResolvedAt), (recovered.Kind, recovered.Items[0].Since, recovered.Items[0].Until));
        Assert.Equal([IncidentEventKind.Opened, IncidentEventKind.Added, IncidentEventKind.Notified, IncidentEventKind.Recovered, IncidentEventKind.RecoveryNotified], await bench.EventsAsync());
    }

    [Fact]
    public async Task Reminders_come_at_the_chosen_interval_until_somebody_knows()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync(alerts: new AlertPolicy { Channels = ["ops"], RemindEvery = TimeSpan.FromHours(1) });
        await bench.TellAsync(bench.Failed());
        await bench.PassAsync(Soon);
        bench.Sender.Sent.Clear();

        await bench.PassAsync(TimeSpan.FromMinutes(59), Minute);
        Assert.Empty(bench.Sender.Sent);
        await bench.PassAsync(TimeSpan.FromMinutes(122), Minute);
        Assert.Equal([AlertKind.Reminder, AlertKind.Reminder, AlertKind.Reminder], bench.Sender.Messages.Select(m => m.Kind));

        await bench.AcknowledgeAsync();
        await bench.PassAsync(TimeSpan.FromDays(2), TimeSpan.FromMinutes(10));
        Assert.Equal(3, bench.Sender.Sent.Count);
        await bench.TellAsync(bench.Succeeded());
        await bench.PassAsync(Soon);
        Assert.Equal(AlertKind.Recovered, bench.Sender.Messages.Last().Kind);
    }

    [Fact]
    public async Task Channels_are_those_of_the_job_at_the_moment_of_telling()
    {
        await using var bench = await AlertBench.OpenAsync();
        bench.Channels.Add("pager");
        await bench.WriteJobAsync();
        await bench.TellAsync(bench.Failed());
        await bench.WriteJobAsync(alerts: new AlertPolicy { Channels = ["pager", "ops"] });
        await bench.PassAsync(Soon);

        Assert.Equal(["ops", "pager"], bench.Sender.Sent.Select(s => s.Channel).Order());
    }

    [Fact]
    public async Task A_job_without_channels_has_incidents_all_the_same_and_its_reminders_find_one_later()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync(alerts: new AlertPolicy());
        await bench.TellAsync(bench.Failed());
        await bench.PassAsync(Soon);
        Assert.Equal((IncidentState.Open, 0), ((await bench.IncidentAsync()).State, bench.Sender.Sent.Count));

        await bench.WriteJobAsync();
        await bench.PassAsync(TimeSpan.FromHours(25), TimeSpan.FromMinutes(10));
        Assert.Equal(AlertKind.Reminder, Assert.Single(bench.Sender.Messages).Kind);
    }

    [Fact]
    public async Task Trouble_that_is_over_before_it_was_told_is_told_in_one_message()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync();
        await bench.TellAsync(bench.Failed());
        bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(2));
        await bench.TellAsync(bench.Succeeded());
        await bench.PassAsync(TimeSpan.FromDays(2), TimeSpan.FromMinutes(10));

        Assert.Equal(AlertKind.Recovered, Assert.Single(bench.Sender.Messages).Kind);
    }

    [Fact]
    public async Task Fifty_jobs_at_one_destination_are_one_message()
    {
        await using var bench = await AlertBench.OpenAsync();
        var ids = Enumerable.Range(0, 50).Select(i => $"job-{i}").ToArray();
        foreach (var id in ids)
            await bench.WriteJobAsync(id);
        foreach (var half in ids.Chunk(25))
        {
            await bench.TellAsync([.. half.Select(id => bench.Failed(id))]);
            bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        }

        await bench.PassAsync(Soon);

        var message = Assert.Single(bench.Sender.Messages);
        Assert.Equal(("example.com", 20, 30), (message.Destination, message.Items.Count, message.Omitted));
        foreach (var id in ids)
            Assert.Contains(IncidentEventKind.Notified, await bench.EventsAsync(id));
    }

    [Fact]
    public async Task Beyond_the_burst_a_channel_has_one_message_a_minute_and_what_is_held_back_comes_together()
    {
        await using var bench = await AlertBench.OpenAsync();
        for (var i = 0; i < 40; i++)
            await bench.WriteJobAsync($"job-{i}", url: $"https://{i}.example.com/");
        for (var i = 0; i < 40; i++)
        {
            await bench.TellAsync(bench.Failed($"job-{i}", $"https://{i}.example.com/"));
            await bench.PassAsync(TimeSpan.FromSeconds(6));
        }

        await bench.PassAsync(TimeSpan.FromMinutes(2));
        var at = bench.Sender.Messages.Select(m => m.At).ToList();

        Assert.Equal(40, bench.Sender.Messages.SelectMany(m => m.Items).Select(i => i.JobId).Distinct().Count());
        Assert.Equal(40, bench.Sender.Messages.Sum(m => m.Items.Count + m.Omitted));
        Assert.Equal([1, 1, 1, 1, 1], bench.Sender.Messages.Take(5).Select(m => m.Items.Count));
        Assert.InRange(at.Count, 8, 10);
        Assert.All(at.Skip(5).Zip(at.Skip(6)), pair => Assert.True(pair.Second - pair.First >= Minute, $"{pair.First:O}, {pair.Second:O}"));
    }

    [Fact]
    public async Task While_there_is_more_news_than_a_batch_the_first_is_told()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync();
        await bench.TellAsync(bench.Failed());
        bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        foreach (var half in Enumerable.Range(0, 1_500).Chunk(750))
            await bench.TellAsync([.. half.Select(i => bench.Failed($"quiet-{i}"))]);
        bench.Pipeline.Time.Advance(Soon);

        Assert.Equal(TimeSpan.Zero, await bench.NewNotifier().RunOnceAsync(Pipeline.None));
        await bench.NewCourier().RunOnceAsync(Pipeline.None);

        Assert.Equal("job", Assert.Single(bench.Sender.Messages).Items[0].JobId);
        Assert.NotEqual(TimeSpan.Zero, await bench.NewNotifier().RunOnceAsync(Pipeline.None));
    }

    [Fact]
    public async Task A_job_that_cannot_be_read_keeps_its_own_news_waiting_and_nobody_elses()
    {
        await using var bench = await AlertBench.OpenAsync();
        foreach (var id in new[] { "broken", "job" })
        {
            await bench.WriteJobAsync(id);
            await bench.TellAsync(bench.Failed(id));
        }

        bench.Pipeline.Jobs.MakeUnreadable(new Core.Jobs.JobKey("t", "broken"));
        await bench.PassAsync(Soon);

        Assert.Equal("job", Assert.Single(bench.Sender.Messages).Items[0].JobId);
        Assert.Empty(await bench.Pipeline.Notifications.ClaimDueAsync(bench.Now, Minute, 10, Pipeline.None));
        Assert.Single(await bench.Pipeline.Notifications.ClaimDueAsync(bench.Now + TimeSpan.FromMinutes(2), Minute, 10, Pipeline.None));
    }

    [Fact]
    public async Task Openings_without_end_hold_back_no_recovery()
    {
        await using var bench = await AlertBench.OpenAsync();
        for (var i = 0; i < 40; i++)
            await bench.WriteJobAsync($"job-{i}", url: $"https://{i}.example.com/");
        for (var i = 0; i < 40; i++)
        {
            await bench.TellAsync(bench.Failed($"job-{i}", $"https://{i}.example.com/"));
            if (i == 8)
                await bench.TellAsync(bench.Succeeded("job-0"));
            await bench.PassAsync(TimeSpan.FromSeconds(20));
        }

        var recovered = bench.Sender.Messages.First(m => m.Kind == AlertKind.Recovered);
        Assert.InRange(recovered.At - recovered.Items[0].Until!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(3));
    }

    [Fact]
    public async Task A_channel_that_is_held_back_holds_back_no_other()
    {
        await using var bench = await AlertBench.OpenAsync();
        bench.Channels.Add("pager");
        for (var i = 0; i < 6; i++)
        {
            await bench.WriteJobAsync($"job-{i}", url: $"https://{i}.example.com/");
            await bench.TellAsync(bench.Failed($"job-{i}", $"https://{i}.example.com/"));
            await bench.PassAsync(TimeSpan.FromSeconds(6));
        }

        await bench.WriteJobAsync("other", new AlertPolicy { Channels = ["pager"] });
        await bench.TellAsync(bench.Failed("other"));
        await bench.PassAsync(TimeSpan.FromSeconds(6));

        Assert.Equal((5, 1), (bench.Sender.Sent.Count(s => s.Channel == "ops"), bench.Sender.Sent.Count(s => s.Channel == "pager")));
    }

    [Fact]
    public async Task A_deleted_jobs_incident_ends_quietly()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync();
        await bench.TellAsync(bench.Failed());
        await bench.PassAsync(Soon);
        await bench.ChangeJobAsync(JobAction.Delete);

        await bench.NewClosing().RunOnceAsync(Pipeline.None);
        await bench.PassAsync(TimeSpan.FromDays(2), TimeSpan.FromMinutes(10));

        var incident = await bench.IncidentAsync();
        Assert.Equal((IncidentState.Resolved, "the job was deleted", 1), (incident.State, incident.ClosedBecause, bench.Sender.Sent.Count));
        Assert.Contains(IncidentEventKind.Closed, await bench.EventsAsync());
    }

    [Fact]
    public async Task A_job_that_is_made_anew_begins_without_the_old_ones_trouble()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync();
        await bench.TellAsync(bench.Failed());
        bench.Pipeline.Time.Advance(Minute);
        await bench.ChangeJobAsync(JobAction.Delete);
        await bench.WriteJobAsync();
        await bench.PassAsync(Soon);

        Assert.Equal((IncidentState.Resolved, 0), ((await bench.IncidentAsync()).State, bench.Sender.Sent.Count));
        await bench.TellAsync(bench.Failed());
        await bench.PassAsync(Soon);
        Assert.Equal((IncidentState.Open, 1), ((await bench.IncidentAsync()).State, bench.Sender.Sent.Count));
    }

    [Fact]
    public async Task A_paused_job_is_not_reminded_of_and_a_resumed_one_is()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync();
        await bench.TellAsync(bench.Failed());
        await bench.PassAsync(Soon);
        await bench.ChangeJobAsync(JobAction.Pause);
        await bench.PassAsync(TimeSpan.FromDays(3), TimeSpan.FromMinutes(10));
        Assert.Single(bench.Sender.Sent);

        await bench.ChangeJobAsync(JobAction.Resume);
        await bench.PassAsync(TimeSpan.FromHours(25), TimeSpan.FromMinutes(10));
        Assert.Equal(AlertKind.Reminder, bench.Sender.Messages.Last().Kind);
    }

    [Fact]
    public async Task A_job_that_ran_once_late_and_in_vain_ends_with_its_redrive()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync(schedule: new ScheduleSpec { At = bench.Now.AddSeconds(1) });
        bench.Pipeline.Time.Advance(Minute + Minute);
        var late = bench.Failed();
        late = late with { Execution = late.Execution with { ScheduledAt = late.StartedAt - Minute - Minute } };
        await bench.TellAsync(late);
        await bench.PassAsync(Soon);
        await bench.TellAsync(bench.Succeeded() with { Execution = late.Execution with { Trigger = Trigger.Redrive, Attempt = 2, FirstAttempt = 2 } });

        await bench.PassAsync(TimeSpan.FromHours(25), TimeSpan.FromMinutes(10));

        var incident = await bench.IncidentAsync();
        Assert.Equal([TroubleKind.DeadLetter, TroubleKind.Late], incident.Kinds.Order());
        Assert.Equal((IncidentState.Resolved, "the job is not due again"), (incident.State, incident.ClosedBecause));
    }

    [Fact]
    public async Task Without_its_dead_letter_a_job_that_is_never_due_again_is_not_reminded_of()
    {
        await using var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync(schedule: new ScheduleSpec { At = bench.Now.AddSeconds(1) });
        bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        var failed = bench.Failed();
        await bench.Pipeline.DeadLetters.KeepAsync([DeadLetter.Of(failed)], Pipeline.None);
        await bench.TellAsync(failed);
        await bench.PassAsync(TimeSpan.FromHours(25), TimeSpan.FromMinutes(10));
        Assert.Equal([AlertKind.Opened, AlertKind.Reminder], bench.Sender.Messages.Select(m => m.Kind));

        Assert.True(await bench.Pipeline.DeadLetters.DiscardAsync("t", failed.Execution.ExecutionId, Pipeline.None));
        await bench.PassAsync(TimeSpan.FromHours(25), TimeSpan.FromMinutes(10));

        Assert.Equal(2, bench.Sender.Sent.Count);
        Assert.Equal("the job is not due again, and has no dead letter any more", (await bench.IncidentAsync()).ClosedBecause);
    }

    /// <summary>Fails some times in a row, a minute apart: the incident opens with the first dead letter.</summary>
    private static async Task FailAsync(AlertBench bench, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await bench.TellAsync(bench.Failed());
            bench.Pipeline.Time.Advance(Minute);
        }
    }
}
