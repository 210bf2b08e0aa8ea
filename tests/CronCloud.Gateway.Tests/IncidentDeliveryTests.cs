using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

/// <summary>An incident's life as the receiver of a channel sees it.</summary>
[Collection(nameof(RunningGateway))]
public sealed class IncidentDeliveryTests(RunningGateway gateway)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_channel_hears_that_a_job_is_in_trouble_and_that_it_is_over()
    {
        var channel = await MakeChannelAsync("/ok");
        var id = await gateway.MakeJobAsync("/flaky/1", $$""","retry":{"maxRetries":0},"alerts":{"channels":["{{channel}}"]}""");
        await gateway.RunAsync(id);
        var opened = Bodies(await gateway.Sink.UntilAsync(1, w => w.Path.EndsWith(channel, StringComparison.Ordinal), Patience))[0];
        await gateway.RunAsync(id);
        var recovered = Bodies(await gateway.Sink.UntilAsync(2, w => w.Path.EndsWith(channel, StringComparison.Ordinal), Patience))[1];

        Assert.Equal(("incident.opened", "incident.recovered"), ((string?)opened["type"], (string?)recovered["type"]));
        var (first, last) = (opened["incidents"]![0]!, recovered["incidents"]![0]!);
        Assert.Equal((id, "answered 503 Service Unavailable", (string?)first["id"]), ((string?)first["jobId"], (string?)first["lastError"], (string?)last["id"]));
        Assert.Equal((string?)first["since"], (string?)last["since"]);
        Assert.True(string.CompareOrdinal((string?)last["until"], (string?)last["since"]) > 0);
        Assert.Equal(["opened", "notified", "recovered", "recoveryNotified"], await EventsAsync((string)first["id"]!, 4));
    }

    [Fact]
    public async Task A_channel_that_fails_is_no_trouble_that_channels_are_told_of()
    {
        var channel = await MakeChannelAsync("/status/400");
        var id = await gateway.MakeJobAsync("/status/500", $$""","retry":{"maxRetries":0},"alerts":{"channels":["{{channel}}"]}""");
        await gateway.RunAsync(id);

        await gateway.Sink.UntilAsync(1, w => w.Path.EndsWith(channel, StringComparison.Ordinal), Patience);
        while ((await gateway.SendAsync("GET", $"/v1/dead-letters?job=croncloud.channel.{channel}")).Ids("executionId").Count() != 1)
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        var later = await gateway.MakeJobAsync("/status/500", ""","retry":{"maxRetries":0}""");
        await gateway.RunAsync(later);
        while (!(await gateway.SendAsync("GET", $"/v1/incidents?job={later}")).Ids().Any())
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);

        Assert.Empty((await gateway.SendAsync("GET", $"/v1/incidents?job=croncloud.channel.{channel}")).Ids());
    }

    private async Task<string> MakeChannelAsync(string path)
    {
        var id = $"channel-{Guid.NewGuid():N}";
        Assert.Equal(201, (await gateway.SendAsync("PUT", $"/v1/channels/{id}", $$$"""{"webhook":{"url":"{{{gateway.Sink.Url}}}{{{path}}}/{{{id}}}"}}""")).Status);
        return id;
    }

    private async Task<IEnumerable<string>> EventsAsync(string incident, int count)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var events = (await gateway.SendAsync("GET", $"/v1/incidents/{incident}")).Json["events"]!.AsArray();
            if (events.Count >= count)
                return events.Select(e => (string)e!["event"]!);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        throw new TimeoutException($"{incident} has not had {count} events.");
    }

    private static List<JsonObject> Bodies(IReadOnlyList<ReceivedWebhook> received) => [.. received.Select(w => (JsonObject)JsonNode.Parse(w.Body)!)];
}
