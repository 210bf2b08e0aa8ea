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
            await Assert.ThrowsAsync<IOException>(() => AlertBench.NotifyAsync(bench.NewNotifier(dying)));
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
        await Assert.ThrowsAsync<IOException>(() => AlertBench.NotifyAsync(bench.NewNotifier(new FaultyNotifications(bench.Pipeline.Notifications) { DiesBeforeEnd = true })));
        Assert.Single(bench.Sender.Sent);

        await bench.PassAsync(TimeSpan.FromSeconds(59));
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
        var hanging = bench.NewNotifier().RunOnceAsync(Pipeline.None);
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

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AlertBench.NotifyAsync(bench.NewNotifier())));
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

    private static async Task<AlertBench> OpenWithIncidentAsync(AlertPolicy? alerts = null)
    {
        var bench = await AlertBench.OpenAsync();
        await bench.WriteJobAsync(alerts: alerts);
        await bench.TellAsync(bench.Failed());
        return bench;
    }
}
