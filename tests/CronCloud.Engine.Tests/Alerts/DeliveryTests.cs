using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Tests.Alerts;

/// <summary>Channels that fail, and nodes that die between two steps of telling.</summary>
public sealed class DeliveryTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_node_that_dies_between_opening_and_telling_leaves_it_to_the_next()
    {
        await using var bench = await OpenWithIncidentAsync();
        foreach (var step in Enum.GetValues<Step>())
        {
            var dying = new FaultyNotifications(bench.Pipeline.Notifications) { DiesAfter = step };
            bench.Pipeline.Time.Advance(Soon);
            await Assert.ThrowsAsync<IOException>(() => bench.NotifyAsync(dying));
        }

        await bench.PassAsync(TimeSpan.FromMinutes(2));

        Assert.NotEmpty(bench.Sender.Sent);
        Assert.Single(bench.Sender.Messages.Select(m => (m.Id, m.At)).Distinct());
        Assert.Single(await bench.EventsAsync(), IncidentEventKind.Notified);
    }

    [Fact]
    public async Task A_node_that_dies_between_sending_and_noting_leaves_the_same_message_to_the_next()
    {
        await using var bench = await OpenWithIncidentAsync();
        bench.Pipeline.Time.Advance(Soon);
        await Assert.ThrowsAsync<IOException>(() => bench.NotifyAsync(new FaultyNotifications(bench.Pipeline.Notifications) { DiesBeforeEnd = true }));
        Assert.Single(bench.Sender.Sent);

        await bench.PassAsync(TimeSpan.FromSeconds(119));
        Assert.Single(bench.Sender.Sent);
        await bench.PassAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(2, bench.Sender.Sent.Count);
        Assert.Single(bench.Sender.Messages.Select(m => (m.Id, m.At)).Distinct());
        Assert.Single(await bench.EventsAsync(), IncidentEventKind.Notified);
    }

    [Fact]
    public async Task A_send_that_broke_off_is_tried_again_as_the_same_message()
    {
        await using var bench = await OpenWithIncidentAsync();
        bench.Sender.BreaksAfter = true;
        await bench.PassAsync(Soon);
        bench.Sender.BreaksAfter = false;
        await bench.PassAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(2, bench.Sender.Sent.Count);
        Assert.Equal(bench.Sender.Sent[0].Message.Id, bench.Sender.Sent[1].Message.Id);
        Assert.Equal(bench.Sender.Sent[0].Message.At, bench.Sender.Sent[1].Message.At);
    }

    [Fact]
    public async Task A_send_that_does_not_come_back_is_given_up_and_tried_again()
    {
        await using var bench = await OpenWithIncidentAsync();
        bench.Sender.Hangs = true;
        bench.Pipeline.Time.Advance(Soon);
        await bench.NewNotifier().RunOnceAsync(Pipeline.None);
        var hanging = bench.NewCourier().RunOnceAsync(Pipeline.None);
        while (bench.Sender.Sent.Count == 0)
            await Task.Yield();
        bench.Sender.Hangs = false;
        bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(50));
        await hanging;

        await bench.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(2, bench.Sender.Sent.Count);
        await bench.PassAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(2, bench.Sender.Sent.Count);
    }

    [Fact]
    public async Task Two_nodes_send_a_message_once()
    {
        await using var bench = await OpenWithIncidentAsync();
        bench.Pipeline.Time.Advance(Soon);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bench.NotifyAsync()));
        await bench.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Single(bench.Sender.Sent);
    }

    [Fact]
    public async Task A_channel_that_is_away_is_tried_for_a_day_and_then_given_up()
    {
        await using var bench = await OpenWithIncidentAsync(new AlertPolicy { Channels = ["ops"], RemindEvery = TimeSpan.FromDays(7) });
        bench.Sender.IsAway = true;
        await bench.PassAsync(TimeSpan.FromHours(22), TimeSpan.FromMinutes(10));
        Assert.DoesNotContain(IncidentEventKind.Undelivered, await bench.EventsAsync());
        await bench.PassAsync(TimeSpan.FromHours(3), TimeSpan.FromMinutes(10));
        Assert.Contains(IncidentEventKind.Undelivered, await bench.EventsAsync());

        bench.Sender.IsAway = false;
        await bench.PassAsync(TimeSpan.FromHours(3), TimeSpan.FromMinutes(10));
        Assert.Empty(bench.Sender.Sent);
    }

    [Fact]
    public async Task A_channel_that_was_removed_is_passed_over_and_the_others_are_told()
    {
        await using var bench = await OpenWithIncidentAsync(new AlertPolicy { Channels = ["gone", "ops"] });

        await bench.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal("ops", Assert.Single(bench.Sender.Sent).Channel);
        var events = await bench.Pipeline.Incidents.ReadEventsAsync("t", (await bench.IncidentAsync()).Id, Pipeline.None);
        var undelivered = events.Single(e => e.Kind == IncidentEventKind.Undelivered);
        Assert.Equal(("gone", "there is no such channel"), (undelivered.Channel, undelivered.Detail));
    }

    [Fact]
    public async Task A_mail_server_that_hangs_holds_up_no_webhook()
    {
        await using var bench = await OpenWithIncidentAsync(new AlertPolicy { Channels = ["mail", "ops"] });
        bench.Channels.AddEmail("mail", "ops@example.com");
        bench.Pipeline.Time.Advance(Soon);
        await bench.NewNotifier().RunOnceAsync(Pipeline.None);
        var mail = new MailbagSender { Hangs = true };
        var hanging = bench.NewCourier(ChannelKind.Email, sender: mail).RunOnceAsync(Pipeline.None);

        await bench.NewCourier().RunOnceAsync(Pipeline.None);

        Assert.Equal("ops", Assert.Single(bench.Sender.Sent).Channel);
        Assert.False(hanging.IsCompleted);
        while (mail.To.Count == 0)
            await Task.Yield();
        bench.Pipeline.Time.Advance(TimeSpan.FromSeconds(50));
        await hanging;
        Assert.Single(mail.To);
    }

    [Fact]
    public async Task Addresses_that_have_a_message_do_not_get_it_again()
    {
        await using var bench = await OpenWithIncidentAsync(new AlertPolicy { Channels = ["mail"] });
        bench.Channels.AddEmail("mail", "a@example.com", "b@example.com", "c@example.com");
        bench.Pipeline.Time.Advance(Soon);
        await bench.NewNotifier().RunOnceAsync(Pipeline.None);
        var mail = new MailbagSender { RefusesForNow = ["b@example.com"] };
        var courier = bench.NewCourier(ChannelKind.Email, sender: mail);

        await courier.RunOnceAsync(Pipeline.None);
        mail.RefusesForNow = [];
        bench.Pipeline.Time.Advance(Soon);
        await courier.RunOnceAsync(Pipeline.None);

        Assert.Equal(["a@example.com,b@example.com,c@example.com", "b@example.com"], mail.To);
        Assert.Contains(IncidentEventKind.Notified, await bench.EventsAsync());
    }

    [Fact]
    public async Task A_message_that_ends_every_node_is_given_up_after_a_day()
    {
        await using var bench = await OpenWithIncidentAsync();
        bench.Pipeline.Time.Advance(Soon);
        await bench.NewNotifier().RunOnceAsync(Pipeline.None);
        for (var hours = 0; hours < 25; hours++)
        {
            Assert.Single(await bench.Pipeline.Notifications.ClaimAsync(ChannelKind.Webhook, bench.Now, TimeSpan.FromMinutes(2), 10, Pipeline.None));
            bench.Pipeline.Time.Advance(TimeSpan.FromHours(1));
        }

        await bench.NewCourier().RunOnceAsync(Pipeline.None);

        Assert.Empty(bench.Sender.Sent);
        Assert.Contains(IncidentEventKind.Undelivered, await bench.EventsAsync());
    }

    private static async Task<AlertBench> OpenWithIncidentAsync(AlertPolicy? alerts = null)
    {
        var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync(alerts: alerts);
        await bench.TellAsync(bench.Failed());
        return bench;
    }
}
