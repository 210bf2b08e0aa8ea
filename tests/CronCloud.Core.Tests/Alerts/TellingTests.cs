using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Alerts;

/// <summary>Who is told what, and in which message.</summary>
public sealed class TellingTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_opening_goes_to_the_channels_of_the_job_as_it_is_now_and_brings_a_reminder()
    {
        var told = Address(AlertKind.Opened, Incident(), Job("ops", "pager", "ops"));

        Assert.Equal([(AlertKind.Opened, "ops"), (AlertKind.Opened, "pager"), (AlertKind.Reminder, null)], told.Told.Select(n => (n.Kind, n.Channel)));
        Assert.Equal(Now.AddHours(1), told.Told[2].Due);
        Assert.Equal([AlertKind.Reminder], Address(AlertKind.Opened, Incident(), Job()).Told.Select(n => n.Kind));
    }

    [Fact]
    public void A_reminder_brings_the_next_one()
    {
        var told = Address(AlertKind.Reminder, Incident(), Job("ops"));
        Assert.Equal([(AlertKind.Reminder, "ops", Now), (AlertKind.Reminder, null, Now.AddHours(1))], told.Told.Select(n => (n.Kind, n.Channel, n.Due)));
    }

    [Theory]
    [InlineData(AlertKind.Opened)]
    [InlineData(AlertKind.Reminder)]
    public void Nobody_is_told_once_somebody_knows(AlertKind kind)
    {
        var known = IncidentChange.Acknowledged(Incident(), "me", Now)!.Next;

        Assert.Equal((1, 0), (Address(kind, known, Job("ops")).Done.Count, Address(kind, known, Job("ops")).Told.Count));
        Assert.Equal("ops", Assert.Single(Address(AlertKind.Recovered, known, Job("ops")).Told).Channel);
    }

    [Fact]
    public void A_deleted_jobs_incident_ends()
    {
        foreach (var gone in new[] { null, Job("ops") with { State = JobState.Deleted }, Job("ops") with { CreatedAt = Now } })
            Assert.True(Addressing.IsGone(Incident(), gone));
        Assert.False(Addressing.IsGone(Incident(), Job("ops")));
    }

    [Fact]
    public void While_a_job_is_paused_its_reminders_wait()
    {
        var told = Address(AlertKind.Reminder, Incident(), Job("ops") with { State = JobState.Paused });
        Assert.Equal([(AlertKind.Reminder, null)], told.Told.Select(n => (n.Kind, n.Channel)));
        Assert.Contains(Address(AlertKind.Opened, Incident(), Job("ops") with { State = JobState.Paused }).Told, n => n.Channel == "ops");
    }

    [Fact]
    public void Lateness_of_a_job_that_is_never_due_again_ends_and_its_failures_do_not()
    {
        var job = Job("ops");
        var over = job with { Definition = job.Definition with { Schedule = new ScheduleSpec { At = Now.AddHours(-1) } } };

        Assert.True(MayBePast(AlertKind.Reminder, over));
        Assert.False(MayBePast(AlertKind.Opened, over));
        Assert.False(MayBePast(AlertKind.Reminder, job));
        Assert.True(Addressing.IsPast(Health(Symptom(TroubleKind.Late), Symptom(TroubleKind.DeadLetter) with { OverAt = Now })));
        Assert.False(Addressing.IsPast(Health(Symptom(TroubleKind.Late), Symptom(TroubleKind.DeadLetter))));
    }

    [Fact]
    public void Few_incidents_are_told_each_by_its_own_message()
    {
        var composed = Composition.Of([News(1, "a.com"), News(2, "a.com"), News(3, "b.com")], 5, Now);

        Assert.Equal([1, 1, 1], composed.Messages.Select(m => m.Message.Items.Count));
        Assert.All(composed.Messages, m => Assert.Null(m.Message.Destination));
    }

    [Fact]
    public void Fifty_jobs_at_one_destination_are_told_in_one_message()
    {
        var composed = Composition.Of([.. Enumerable.Range(0, 50).Select(i => News(i, "a.com")), News(50, "b.com")], 5, Now);

        Assert.Equal(2, composed.Messages.Count);
        var many = composed.Messages[0];
        Assert.Equal(("a.com", 20, 30, 50), (many.Message.Destination, many.Message.Items.Count, many.Message.Omitted, many.News.Count));
    }

    [Fact]
    public void What_is_more_than_the_channel_may_have_is_told_together()
    {
        var waiting = Enumerable.Range(0, 6).Select(i => News(i, $"{i}.com")).ToList();

        var together = Assert.Single(Composition.Of(waiting, 5, Now).Messages).Message;
        Assert.Equal((6, null), (together.Items.Count, together.Destination));
        var one = Composition.Of([.. waiting, News(7, "x.com", AlertKind.Recovered)], 1, Now);
        Assert.Equal((AlertKind.Opened, 6), (Assert.Single(one.Messages).Message.Kind, one.Messages[0].News.Count));
        Assert.Empty(Composition.Of(waiting, 0, Now).Messages);
    }

    [Fact]
    public void Of_more_kinds_than_the_channel_may_have_messages_what_waited_for_longest_goes_first()
    {
        WaitingNews Waiting(int number, AlertKind kind, int minutes) => News(number, $"{number}.com", kind) with { News = Notification.Of(Incident() with { Id = $"inc-{number}" }, kind, Now.AddMinutes(minutes)).For("ops") };
        WaitingNews[] waiting = [Waiting(1, AlertKind.Opened, -1), Waiting(2, AlertKind.Reminder, -2), Waiting(3, AlertKind.Recovered, -3), Waiting(4, AlertKind.Opened, 0)];

        Assert.Equal([AlertKind.Recovered], Composition.Of(waiting, 1, Now).Messages.Select(m => m.Message.Kind));
        Assert.Equal([AlertKind.Recovered, AlertKind.Reminder], Composition.Of(waiting, 2, Now).Messages.Select(m => m.Message.Kind));
    }

    [Fact]
    public void A_message_is_named_after_what_it_tells()
    {
        string IdOf(params WaitingNews[] news) => Composition.Of(news, 1, Now.AddSeconds(news.Length)).Messages[0].Message.Id;

        Assert.Equal(IdOf(News(1, "a.com"), News(2, "a.com"), News(3, "a.com")), IdOf(News(3, "a.com"), News(1, "a.com"), News(2, "a.com")));
        Assert.NotEqual(IdOf(News(1, "a.com")), IdOf(News(2, "a.com")));
    }

    [Fact]
    public void News_that_is_none_any_more_is_dropped()
    {
        var news = News(1, "a.com");
        var composed = Composition.Of([news with { Incident = news.Incident with { State = IncidentState.Resolved, ResolvedAt = Now } }], 5, Now);

        Assert.Empty(composed.Messages);
        Assert.Equal([news.News], composed.Dropped);
    }

    [Fact]
    public void A_channel_has_five_at_once_and_then_one_a_minute()
    {
        Assert.Equal(5, Allowance.At(Now, null));
        var full = Allowance.After(Now, null, 5);
        Assert.Equal(0, Allowance.At(Now, full));
        Assert.Equal((0, true), (Allowance.At(Now.AddSeconds(59.999), full), full > Allowance.NoneAfter(Now.AddSeconds(59.999))));
        Assert.Equal((1, false), (Allowance.At(Now.AddSeconds(60), full), full > Allowance.NoneAfter(Now.AddSeconds(60))));
        Assert.Equal(0, Allowance.At(Now.AddSeconds(60), Allowance.After(Now.AddSeconds(60), full, 1)));
        Assert.Equal(5, Allowance.At(Now.AddMinutes(5), full));
        Assert.Equal(5, Allowance.At(Now.AddDays(5), full));
    }

    [Fact]
    public void A_message_is_tried_for_a_day_with_growing_pauses()
    {
        var message = new OutgoingMessage { Message = Composition.Of([News(1, "a.com")], 1, Now).Messages[0].Message, Channel = "ops", Incidents = ["1"] };

        Assert.Equal([10, 20, 40, 3600], new[] { 0, 1, 2, 50 }.Select(tries => ((message with { Tries = tries }).RetryAt(Now)!.Value - Now).TotalSeconds));
        Assert.NotNull((message with { Tries = 40 }).RetryAt(Now.AddHours(23)));
        Assert.Null((message with { Tries = 40 }).RetryAt(Now.AddHours(23).AddSeconds(1)));
    }

    private static bool MayBePast(AlertKind kind, Job job) => Addressing.MayBePast(Notification.Of(Incident(), kind, Now), job, Now);

    private static JobHealth Health(params Symptom[] symptoms) => new() { Job = new JobKey("t", "job"), Symptoms = symptoms };

    private static Symptom Symptom(TroubleKind kind) => new() { Kind = kind, At = Now.AddMinutes(-1), Due = Now.AddMinutes(-1), Summary = "bad" };

    private static Addressing Address(AlertKind kind, Incident incident, Job job) => Addressing.Of(Notification.Of(incident, kind, Now), incident, job, Now);

    private static WaitingNews News(int number, string destination, AlertKind kind = AlertKind.Opened)
    {
        var incident = Incident() with { Id = $"inc-{number}", Destination = destination };
        return new WaitingNews(Notification.Of(incident, kind, Now).For("ops"), incident);
    }

    private static Incident Incident() => new()
    {
        Id = "inc-1",
        Tenant = "t",
        JobId = "job",
        Kinds = [TroubleKind.Failing],
        Summary = "3 executions in a row failed",
        State = IncidentState.Open,
        OpenedAt = Now.AddMinutes(-1),
        LastSeenAt = Now,
        Destination = "a.com",
        Version = 1,
    };

    private static Job Job(params string[] channels) => new()
    {
        Key = new JobKey("t", "job"),
        Definition = new JobDefinition { Schedule = new ScheduleSpec { Cron = "* * * * *" }, Target = new Target(), Alerts = new AlertPolicy { Channels = channels, RemindEvery = TimeSpan.FromHours(1) } },
        State = JobState.Active,
        Version = 1,
        CreatedAt = Now.AddDays(-1),
        UpdatedAt = Now.AddDays(-1),
    };
}
