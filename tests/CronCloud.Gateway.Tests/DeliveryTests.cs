using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

/// <summary>What a target gets, and what becomes of its answer.</summary>
[Collection(nameof(RunningGateway))]
public sealed class DeliveryTests(RunningGateway gateway)
{
    private const string OneRetry = ""","retry":{"maxRetries":1,"initialDelay":"1s","jitter":false}""";

    [Fact]
    public async Task A_retry_after_a_failure_succeeds_under_the_same_key()
    {
        var id = await gateway.MakeJobAsync("/flaky/1", OneRetry);

        var execution = await gateway.RunAsync(id);

        Assert.Equal("succeeded", (string?)execution["status"]);
        Assert.Equal([(1, "failed", 503), (2, "succeeded", 200)], execution["attempts"]!.AsArray().Select(a => ((int)a!["number"]!, (string)a["outcome"]!, (int)a["statusCode"]!)));
        var received = To(id);
        Assert.Equal(["1", "2"], received.Select(w => w.Headers["CronCloud-Attempt"]));
        Assert.Equal([(string)execution["executionId"]!], received.Select(w => w.Headers["Idempotency-Key"]).Distinct());
        Assert.Single(received.Select(w => w.Headers["CronCloud-Scheduled-At"]).Distinct());
        Assert.Single(received.Select(w => w.Headers["traceparent"].Split('-')[1]).Distinct());
    }

    [Theory]
    [InlineData(400, 1)]
    [InlineData(410, 1)]
    [InlineData(422, 1)]
    [InlineData(408, 2)]
    [InlineData(425, 2)]
    [InlineData(429, 2)]
    [InlineData(503, 2)]
    public async Task Only_what_may_pass_is_tried_again(int status, int attempts)
    {
        var execution = await gateway.RunAsync(await gateway.MakeJobAsync($"/status/{status}", OneRetry));

        Assert.Equal("deadLettered", (string?)execution["status"]);
        Assert.Equal(Enumerable.Repeat(status, attempts), execution["attempts"]!.AsArray().Select(a => (int)a!["statusCode"]!));
    }

    [Fact]
    public async Task Without_retries_a_failure_is_a_dead_letter_with_its_answer()
    {
        var execution = await gateway.RunAsync(await gateway.MakeJobAsync("/status/500", ""","retry":{"maxRetries":0}"""));

        var attempt = Assert.Single(execution["attempts"]!.AsArray())!;
        Assert.Equal("deadLettered", (string?)execution["status"]);
        Assert.Equal(("failed", 500, "status 500", "answered 500 Internal Server Error"), ((string?)attempt["outcome"], (int)attempt["statusCode"]!, (string?)attempt["output"], (string?)attempt["error"]));
    }

    [Fact]
    public async Task A_redirect_to_somewhere_else_is_not_followed()
    {
        var id = await gateway.MakeJobAsync("/redirect", ""","retry":{"maxRetries":0}""");

        var execution = await gateway.RunAsync(id);

        Assert.Equal(("deadLettered", 302), ((string?)execution["status"], (int)execution["attempts"]![0]!["statusCode"]!));
        Assert.Equal($"/redirect/{id}", Assert.Single(To(id)).Path);
    }

    [Fact]
    public async Task A_status_that_the_job_calls_a_success_is_one()
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"every":"300d"},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/status/404/{{{{id}}}}","success":"200,404"}}}""");

        Assert.Equal("succeeded", (string?)(await gateway.RunAsync(id))["status"]);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task A_read_has_no_body(string method)
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"every":"300d"},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/ok/{{{{id}}}}","method":"{{{{method}}}}"}}}""");

        await gateway.RunAsync(id);

        var webhook = Assert.Single(To(id));
        Assert.Equal((method, ""), (webhook.Method, webhook.Body));
        Assert.DoesNotContain("Content-Type", webhook.Headers.Keys);
    }

    [Theory]
    [InlineData("\"plain\"", "plain", "text/plain; charset=utf-8")]
    [InlineData("{\"a\":[null,1.50]}", "{\"a\":[null,1.50]}", "application/json")]
    public async Task A_body_is_sent_as_it_was_written(string body, string received, string type)
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"every":"300d"},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/ok/{{{{id}}}}","body":{{{{body}}}}}}}""");

        await gateway.RunAsync(id);

        var webhook = Assert.Single(To(id));
        Assert.Equal((received, type), (webhook.Body, webhook.Headers["Content-Type"]));
    }

    private IReadOnlyList<ReceivedWebhook> To(string id) => [.. gateway.Sink.Received.Where(w => w.Path.EndsWith(id, StringComparison.Ordinal)).OrderBy(w => w.At)];
}
