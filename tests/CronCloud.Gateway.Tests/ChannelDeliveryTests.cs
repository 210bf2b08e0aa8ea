using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

/// <summary>What the receiver of a webhook channel gets, from the request to the sink.</summary>
[Collection(nameof(RunningGateway))]
public sealed class ChannelDeliveryTests(RunningGateway gateway)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_test_arrives_signed_with_the_secret_that_the_channel_told()
    {
        var (id, secret) = await MakeAsync("/ok");

        var sent = await gateway.SendAsync("POST", $"/v1/channels/{id}/test");
        var execution = await gateway.EndedAsync((string)sent.Json["id"]!);

        Assert.Equal(202, sent.Status);
        var received = Assert.Single(To(id));
        var body = (JsonObject)JsonNode.Parse(received.Body)!;
        Assert.Equal(("test", "default", received.Headers["webhook-id"]), ((string?)body["type"], (string?)body["tenant"], (string?)body["id"]));
        Assert.Equal(Expected(secret, received), received.Headers["webhook-signature"]);
        Assert.InRange(long.Parse(received.Headers["webhook-timestamp"]), received.At.ToUnixTimeSeconds() - 60, received.At.ToUnixTimeSeconds() + 60);
        Assert.Equal(("application/json", "POST"), (received.Headers["Content-Type"], received.Method));
        Assert.Equal(("succeeded", "event", $"croncloud.channel.{id}"), ((string?)execution["status"], (string?)execution["trigger"], (string?)execution["jobId"]));
        Assert.Equal([(string?)execution["executionId"]], (await gateway.SendAsync("GET", $"/v1/executions?job=croncloud.channel.{id}")).Ids("executionId"));
        Assert.DoesNotContain(secret, (await gateway.SendAsync("GET", $"/v1/executions/{execution["executionId"]}")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_with_a_key_is_sent_once()
    {
        var ((id, _), key) = (await MakeAsync("/ok"), ("Idempotency-Key", Guid.NewGuid().ToString()));

        var replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => gateway.SendAsync("POST", $"/v1/channels/{id}/test", null, key)));
        await gateway.EndedAsync((string)replies[0].Json["id"]!);

        Assert.Single(replies.Select(r => r.Body).Distinct());
        Assert.Single(To(id));
    }

    [Fact]
    public async Task A_receiver_that_is_away_for_a_moment_gets_the_same_message_under_a_new_signature()
    {
        var (id, secret) = await MakeAsync("/flaky/1");

        await gateway.SendAsync("POST", $"/v1/channels/{id}/test");
        var received = await gateway.Sink.UntilAsync(2, w => w.Path.EndsWith(id, StringComparison.Ordinal), Patience);

        Assert.Single(received.Select(w => w.Headers["webhook-id"]).Distinct());
        Assert.Single(received.Select(w => w.Body).Distinct());
        Assert.Equal(2, received.Select(w => w.Headers["webhook-timestamp"]).Distinct().Count());
        Assert.All(received, w => Assert.Equal(Expected(secret, w), w.Headers["webhook-signature"]));
    }

    [Fact]
    public async Task What_a_receiver_calls_wrong_is_a_dead_letter_that_can_be_redriven()
    {
        var (id, secret) = await MakeAsync("/status/400");
        var sent = (string)(await gateway.SendAsync("POST", $"/v1/channels/{id}/test")).Json["id"]!;
        Assert.Equal("deadLettered", (string?)(await gateway.EndedAsync(sent))["status"]);

        Assert.Equal([sent], (await gateway.SendAsync("GET", $"/v1/dead-letters?job=croncloud.channel.{id}")).Ids("executionId"));
        var redriven = await gateway.SendAsync("POST", "/v1/dead-letters/redrive", $$"""{"job":"croncloud.channel.{{id}}"}""");
        var received = await gateway.Sink.UntilAsync(2, w => w.Path.EndsWith(id, StringComparison.Ordinal), Patience);

        Assert.Equal(202, redriven.Status);
        Assert.All(received, w => Assert.Equal(Expected(secret, w), w.Headers["webhook-signature"]));
    }

    [Fact]
    public async Task Tests_are_limited_as_messages_are()
    {
        var (id, _) = await MakeAsync("/ok");
        for (var i = 0; i < 5; i++)
            Assert.Equal(202, (await gateway.SendAsync("POST", $"/v1/channels/{id}/test")).Status);

        var refused = await gateway.SendAsync("POST", $"/v1/channels/{id}/test");

        refused.IsProblem(429, "channel.too_many");
        Assert.InRange(int.Parse(refused.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 60);
    }

    [Fact]
    public async Task A_test_takes_no_fields() =>
        Assert.Equal(["/text"], (await gateway.SendAsync("POST", $"/v1/channels/{(await MakeAsync("/ok")).Id}/test", """{"text":"hello"}""")).Pointers());

    private async Task<(string Id, string Secret)> MakeAsync(string path)
    {
        var id = ChannelsTests.NewId();
        var made = await gateway.SendAsync("PUT", $"/v1/channels/{id}", $$$"""{"webhook":{"url":"{{{gateway.Sink.Url}}}{{{path}}}/{{{id}}}"}}""");
        Assert.Equal(201, made.Status);
        return (id, (string)made.Json["secret"]!);
    }

    private List<ReceivedWebhook> To(string id) => [.. gateway.Sink.Received.Where(w => w.Path.EndsWith(id, StringComparison.Ordinal))];

    /// <summary>As docs/alerts.md tells receivers to check it.</summary>
    internal static string Expected(string secret, ReceivedWebhook webhook)
    {
        var signed = $"{webhook.Headers["webhook-id"]}.{webhook.Headers["webhook-timestamp"]}.{webhook.Body}";
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes(signed)));
    }
}
