using CronCloud.Core.Alerts;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>What the outbox must do on every database.</summary>
public abstract class NotificationStoreContract : AlertsContract
{
    protected abstract INotificationStore Notifications { get; }

    /// <summary>Writes what is no incident over one.</summary>
    protected abstract Task BreakAsync(string incident);

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task News_is_written_with_its_incident_and_is_due_later()
    {
        var incident = await FailAsync("a");

        Assert.Empty(await Notifications.ClaimDueAsync(Now.AddSeconds(4), Lease, 10, None));
        var news = Assert.Single(await Notifications.ClaimDueAsync(Now.AddSeconds(5), Lease, 10, None));
        Assert.Equal((AlertKind.Opened, incident.Id, incident.Id, "a", null), (news.News.Kind, news.News.IncidentId, news.Incident.Id, news.News.JobId, news.News.Channel));
    }

    [Fact]
    public async Task A_write_that_is_refused_brings_no_news()
    {
        var (first, second) = (Change(new JobHealth { Job = Key("a") }, AttemptResult.Failed, Now), Change(new JobHealth { Job = Key("a") }, AttemptResult.Failed, Now.AddSeconds(1)));
        Assert.True(await Incidents.WriteAsync([first], None));

        Assert.False(await Incidents.WriteAsync([second, Change(new JobHealth { Job = Key("b") }, AttemptResult.Failed, Now)], None));

        Assert.Equal("a", Assert.Single(await Notifications.ClaimDueAsync(Now.AddHours(1), Lease, 10, None)).News.JobId);
    }

    [Fact]
    public async Task The_oldest_news_comes_first()
    {
        foreach (var minute in new[] { 3, 1, 2 })
            await FailAsync($"job-{minute}", Now.AddMinutes(minute));

        Assert.Equal(["job-1", "job-2"], (await Notifications.ClaimDueAsync(Now.AddHours(1), Lease, 2, None)).Select(n => n.News.JobId));
    }

    [Fact]
    public async Task News_that_is_claimed_is_nobody_elses_until_its_lease_has_passed()
    {
        foreach (var i in Enumerable.Range(0, 20))
            await FailAsync($"job-{i}");
        var at = Now.AddSeconds(5);

        var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Notifications.ClaimDueAsync(at, Lease, 5, None))));
        Assert.All(claims, claim => Assert.InRange(claim.Count, 0, 5));
        while ((await Notifications.ClaimDueAsync(at, Lease, 5, None)) is { Count: > 0 } rest)
            claims = [.. claims, rest];

        Assert.Equal(20, claims.SelectMany(c => c).Select(n => n.News.JobId).Distinct().Count());
        Assert.Equal(20, claims.Sum(c => c.Count));
        Assert.All(claims.SelectMany(c => c), n => Assert.Equal(at, n.News.Due));
        Assert.Empty(await Notifications.ClaimDueAsync(at + Lease - TimeSpan.FromMilliseconds(1), Lease, 50, None));
        Assert.Equal(20, (await Notifications.ClaimDueAsync(at + Lease, Lease, 50, None)).Count);
    }

    [Fact]
    public async Task An_incident_that_cannot_be_read_is_in_the_way_of_no_other_news()
    {
        var broken = await FailAsync("broken", Now.AddSeconds(-1));
        await FailAsync("a");
        await BreakAsync(broken.Id);

        var due = await Notifications.ClaimDueAsync(Now.AddSeconds(5), Lease, 10, None);

        Assert.Equal(["broken", "a"], due.Select(n => n.News.JobId));
        Assert.Throws<System.Text.Json.JsonException>(() => due[0].Incident);
        Assert.Equal("a", due[1].Incident.JobId);
    }

    [Fact]
    public async Task A_kind_of_channel_has_its_own_messages_and_a_try_counts_when_it_begins()
    {
        var (channel, composition) = await WaitingAsync();
        Assert.True(await Notifications.ComposeAsync(channel with { Kind = ChannelKind.Email }, composition, Now, None));

        Assert.Empty(await ClaimAsync(Now));
        foreach (var tries in Enumerable.Range(0, 3))
            Assert.Equal(tries, Assert.Single(await ClaimAsync(Now + (tries * Lease), ChannelKind.Email)).Tries);
        var last = Assert.Single(await ClaimAsync(Now + (3 * Lease), ChannelKind.Email));
        Assert.True(await Notifications.RetryAsync(last with { Remaining = ["b@example.com"] }, Now.AddHours(1), None));
        Assert.Equal(["b@example.com"], Assert.Single(await ClaimAsync(Now.AddHours(1), ChannelKind.Email)).Remaining);
    }

    [Fact]
    public async Task News_is_addressed_once()
    {
        var news = await DueAsync("a");
        var addressing = new Addressing([news], [news.For("ops"), news.For("pager"), news with { Id = "later", Due = Now.AddDays(1) }]);

        Assert.True(await Notifications.AddressAsync(addressing, None));
        Assert.False(await Notifications.AddressAsync(addressing, None));

        Assert.Empty(await Notifications.ClaimDueAsync(Now.AddHours(1), Lease, 10, None));
        Assert.Equal("later", Assert.Single(await Notifications.ClaimDueAsync(Now.AddDays(1), Lease, 10, None)).News.Id);
        Assert.Equal([new WaitingChannel("t", "ops", null), new WaitingChannel("t", "pager", null)], (await Notifications.ReadChannelsAsync(Now, 10, None)).OrderBy(c => c.Channel));
        Assert.Equal([news.For("ops")], (await Notifications.ReadWaitingAsync("t", "ops", 10, None)).Select(w => w.News));
    }

    [Fact]
    public async Task A_message_takes_the_place_of_its_news_once_and_uses_up_what_the_channel_may_have()
    {
        var (channel, composition) = await WaitingAsync();

        var wins = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Notifications.ComposeAsync(channel, composition, Now, None))));

        Assert.Single(wins, won => won);
        Assert.Empty(await Notifications.ReadChannelsAsync(Now, 10, None));
        var message = Assert.Single(await ClaimAsync(Now));
        Assert.Equal((composition.Messages[0].Message.Id, Now, "ops", 0), (message.Message.Id, message.Message.At, message.Channel, message.Tries));
        Assert.Equal([(await HealthAsync(Key("a"))).Incident!.Id], message.Incidents);

        await AddressAsync("b");
        Assert.Equal(Now + Allowance.Interval, Assert.Single(await Notifications.ReadChannelsAsync(Now, 10, None)).FullAt);
    }

    [Fact]
    public async Task Two_that_saw_the_same_allowance_do_not_both_use_it()
    {
        var (channel, composition) = await WaitingAsync();
        Assert.True(await Notifications.ComposeAsync(channel, composition, Now, None));
        await AddressAsync("b");
        var other = Composition.Of(await Notifications.ReadWaitingAsync("t", "ops", 10, None), 1, Now);

        Assert.False(await Notifications.ComposeAsync(channel, other, Now, None));
        Assert.True(await Notifications.ComposeAsync(channel with { FullAt = Now + Allowance.Interval }, other, Now, None));
    }

    [Fact]
    public async Task A_channel_that_had_its_messages_waits_and_what_it_holds_back_is_counted_once()
    {
        for (var i = 0; i < Allowance.Burst; i++)
        {
            await AddressAsync($"job-{i}");
            var channel = Assert.Single(await Notifications.ReadChannelsAsync(Now, 10, None));
            Assert.True(await Notifications.ComposeAsync(channel, Composition.Of(await Notifications.ReadWaitingAsync("t", "ops", 10, None), 1, Now), Now, None));
        }

        await AddressAsync("a");
        await AddressAsync("b");
        await AddressAsync("c", "pager");

        Assert.Equal("pager", Assert.Single(await Notifications.ReadChannelsAsync(Now, 10, None)).Channel);
        Assert.Equal((2, 0), (await Notifications.HoldAsync(Now, None), await Notifications.HoldAsync(Now, None)));
        Assert.Equal(["ops", "pager"], (await Notifications.ReadChannelsAsync(Now + Allowance.Interval, 10, None)).Select(c => c.Channel).Order());
    }

    [Fact]
    public async Task What_is_asked_for_uses_up_what_the_channel_may_have_too()
    {
        var used = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Notifications.UseAsync("t", "ops", Now, None))));

        Assert.Equal(Allowance.Burst, used.Count(next => next is null));
        Assert.All(used.Where(next => next is not null), next => Assert.Equal(Now + Allowance.Interval, next));
        Assert.Null(await Notifications.UseAsync("t", "pager", Now, None));
        Assert.Null(await Notifications.UseAsync("t", "ops", Now + Allowance.Interval, None));
    }

    [Fact]
    public async Task A_claimed_message_is_nobody_elses_until_its_lease_has_passed()
    {
        await ComposeAsync();

        var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => ClaimAsync(Now))));
        Assert.Single(claims.SelectMany(c => c));
        Assert.Empty(await ClaimAsync(Now + Lease - TimeSpan.FromMilliseconds(1)));
        var first = claims.SelectMany(c => c).Single();
        var second = Assert.Single(await ClaimAsync(Now + Lease));
        Assert.Equal((first.Message.Id, first.Message.At), (second.Message.Id, second.Message.At));

        Assert.False(await Notifications.EndAsync(first, first.Events(Now), None));
        Assert.False(await Notifications.RetryAsync(first, Now, None));
        Assert.DoesNotContain(await EventsAsync(), e => e.Kind == IncidentEventKind.Notified);
        Assert.True(await Notifications.EndAsync(second, second.Events(Now), None));
        Assert.False(await Notifications.EndAsync(second, second.Events(Now), None));
        Assert.Equal("ops", Assert.Single(await EventsAsync(), e => e.Kind == IncidentEventKind.Notified).Channel);
        Assert.Empty(await ClaimAsync(Now.AddDays(1)));
    }

    [Fact]
    public async Task A_message_that_failed_comes_again_when_its_pause_is_over()
    {
        await ComposeAsync();
        var claimed = Assert.Single(await ClaimAsync(Now));

        Assert.True(await Notifications.RetryAsync(claimed, Now.AddSeconds(10), None));

        Assert.Empty(await ClaimAsync(Now.AddSeconds(9)));
        Assert.Equal(1, Assert.Single(await ClaimAsync(Now.AddSeconds(10))).Tries);
    }

    [Fact]
    public async Task A_message_may_tell_of_thousands()
    {
        var waiting = new List<WaitingNews>();
        for (var i = 0; i < 1500; i += 500)
        {
            var changes = Enumerable.Range(i, 500).Select(n => Change(new JobHealth { Job = Key($"job-{n}") }, AttemptResult.Failed, Now)).ToList();
            Assert.True(await Incidents.WriteAsync(changes, None));
        }

        var due = await Notifications.ClaimDueAsync(Now.AddHours(1), Lease, 5_000, None);
        Assert.True(await Notifications.AddressAsync(new Addressing([.. due.Select(d => d.News)], [.. due.Select(d => d.News.For("ops"))]), None));
        waiting.AddRange(await Notifications.ReadWaitingAsync("t", "ops", 5_000, None));
        Assert.True(await Notifications.ComposeAsync(new WaitingChannel("t", "ops", null), Composition.Of(waiting, 5, Now), Now, None));
        var message = Assert.Single(await ClaimAsync(Now));
        Assert.True(await Notifications.EndAsync(message, message.Events(Now), None));

        Assert.Equal((20, 1480, 1500), (message.Message.Items.Count, message.Message.Omitted, message.Incidents.Count));
        Assert.Equal(IncidentEventKind.Notified, (await Incidents.ReadEventsAsync("t", message.Incidents[1499], None))[^1].Kind);
    }

    private async Task<IReadOnlyList<OutgoingMessage>> ClaimAsync(DateTimeOffset now, ChannelKind kind = ChannelKind.Webhook) =>
        [.. (await Notifications.ClaimAsync(kind, now, Lease, 10, None)).Select(c => c.Read())];

    private async Task<Notification> DueAsync(string id)
    {
        await FailAsync(id);
        return (await Notifications.ClaimDueAsync(Now.AddSeconds(5), Lease, 10, None)).Single(n => n.News.JobId == id).News;
    }

    private async Task AddressAsync(string id, string channel = "ops")
    {
        var news = await DueAsync(id);
        Assert.True(await Notifications.AddressAsync(new Addressing([news], [news.For(channel)]), None));
    }

    private async Task<(WaitingChannel Channel, Composition Composition)> WaitingAsync()
    {
        await AddressAsync("a");
        return (Assert.Single(await Notifications.ReadChannelsAsync(Now, 10, None)), Composition.Of(await Notifications.ReadWaitingAsync("t", "ops", 10, None), 1, Now));
    }

    private async Task ComposeAsync()
    {
        var (channel, composition) = await WaitingAsync();
        Assert.True(await Notifications.ComposeAsync(channel, composition, Now, None));
    }

    private async Task<IReadOnlyList<IncidentEvent>> EventsAsync() => await Incidents.ReadEventsAsync("t", (await HealthAsync(Key("a"))).Incident!.Id, None);
}
