using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class ExecutionsTests(RunningGateway gateway)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_webhook_carries_its_keys_and_a_body_of_ids()
    {
        var id = await gateway.MakeJobAsync();
        var execution = await gateway.RunAsync(id);
        var webhook = Assert.Single(To(id));
        var executionId = (string)execution["executionId"]!;

        Assert.Equal("succeeded", (string?)execution["status"]);
        Assert.Equal("POST", webhook.Method);
        Assert.Equal(executionId, webhook.Headers["Idempotency-Key"]);
        Assert.Equal((id, executionId, "1"), (webhook.Headers["CronCloud-Job"], webhook.Headers["CronCloud-Execution"], webhook.Headers["CronCloud-Attempt"]));
        Assert.Contains((string)execution["traceId"]!, webhook.Headers["traceparent"], StringComparison.Ordinal);
        Assert.Equal($$"""{"jobId":"{{id}}","executionId":"{{executionId}}","scheduledAt":"{{webhook.Headers["CronCloud-Scheduled-At"]}}","attempt":1}""", webhook.Body);
        Assert.Equal(("manual", "ok", 200), ((string?)execution["trigger"], (string?)execution["attempts"]![0]!["output"], (int)execution["attempts"]![0]!["statusCode"]!));
    }

    [Fact]
    public async Task A_webhook_carries_its_own_headers_and_body_and_a_trigger_may_override_the_body()
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"cron":"0 0 1 1 *"},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/ok/{{{{id}}}}","method":"PUT","headers":{"X-Own":"7","Content-Type":"text/csv"},"body":"a,b"}}}""");

        await gateway.RunAsync(id);
        await gateway.RunAsync(id, """{"payload":{"k":[1,2]}}""");

        var received = To(id).OrderBy(w => w.At).ToList();
        Assert.Equal(("PUT", "7", "text/csv", "a,b"), (received[0].Method, received[0].Headers["X-Own"], received[0].Headers["Content-Type"], received[0].Body));
        Assert.Equal("""{"k":[1,2]}""", received[1].Body);
        Assert.Equal(400, (await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger", """{"pay":1}""")).Status);
    }

    [Fact]
    public async Task A_failure_is_tried_again_with_the_same_key_and_then_is_a_dead_letter()
    {
        var id = await gateway.MakeJobAsync("/status/500", ""","retry":{"maxRetries":1,"initialDelay":"1s","jitter":false}""");

        var execution = await gateway.RunAsync(id);

        Assert.Equal("deadLettered", (string?)execution["status"]);
        var attempts = execution["attempts"]!.AsArray();
        Assert.Equal([1, 2], attempts.Select(a => (int)a!["number"]!));
        Assert.Equal(("failed", 500, "status 500"), ((string?)attempts[0]!["outcome"], (int)attempts[0]!["statusCode"]!, (string?)attempts[0]!["output"]));
        Assert.NotNull(attempts[0]!["nextAttemptAt"]);
        Assert.Null(attempts[1]!["nextAttemptAt"]);
        var received = To(id).OrderBy(w => w.At).ToList();
        Assert.Equal(["1", "2"], received.Select(w => w.Headers["CronCloud-Attempt"]));
        Assert.Single(received.Select(w => w.Headers["Idempotency-Key"]).Distinct());
        Assert.True(received[1].At - received[0].At >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_wrong_request_is_not_tried_again()
    {
        var execution = await gateway.RunAsync(await gateway.MakeJobAsync("/status/404"));

        Assert.Equal("deadLettered", (string?)execution["status"]);
        Assert.Single(execution["attempts"]!.AsArray());
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        var execution = await gateway.RunAsync(await gateway.MakeJobAsync("/status/302", ""","retry":{"maxRetries":0}"""));

        Assert.Equal(("deadLettered", 302), ((string?)execution["status"], (int)execution["attempts"]![0]!["statusCode"]!));
    }

    [Fact]
    public async Task A_large_answer_is_cut_to_16_KB()
    {
        var execution = await gateway.RunAsync(await gateway.MakeJobAsync("/big/5000000"));

        Assert.Equal("succeeded", (string?)execution["status"]);
        Assert.Equal(16 * 1024, ((string)execution["attempts"]![0]!["output"]!).Length);
    }

    [Fact]
    public async Task Silence_and_a_closed_port_are_told_apart()
    {
        var (silent, closed) = (RunningGateway.NewId(), RunningGateway.NewId());
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{silent}}}}","schedule":{"cron":"0 0 1 1 *"},"retry":{"maxRetries":0},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/slow/20000","timeout":"1s"}}}""");
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{closed}}}}","schedule":{"cron":"0 0 1 1 *"},"retry":{"maxRetries":0},"target":{"http":{"url":"http://127.0.0.1:{{{{FreePort.Next()}}}}"}}}""");

        var (timedOut, refused) = (await gateway.RunAsync(silent), await gateway.RunAsync(closed));

        Assert.Equal("timedOut", (string?)timedOut["attempts"]![0]!["outcome"]);
        Assert.Contains("within 1 s", (string?)timedOut["attempts"]![0]!["error"], StringComparison.Ordinal);
        Assert.Equal("refused", (string?)refused["attempts"]![0]!["outcome"]);
        Assert.Contains("refused", (string?)refused["attempts"]![0]!["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_target_holds_nobody_else_up_and_is_seen_running()
    {
        var (slow, quick) = (await gateway.MakeJobAsync("/slow/6000"), await gateway.MakeJobAsync());
        var triggered = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => gateway.SendAsync("POST", $"/v1/jobs/{slow}/trigger")));
        await gateway.Sink.UntilAsync(50, w => w.Path.EndsWith(slow, StringComparison.Ordinal), Patience);

        await gateway.RunAsync(quick);

        Assert.True(To(quick).Single().Lateness < TimeSpan.FromSeconds(2));
        Assert.Equal(50, (await gateway.SendAsync("GET", $"/v1/jobs/{slow}/executions?status=running")).Ids("executionId").Count());
        Assert.Equal("running", (string?)(await gateway.SendAsync("GET", $"/v1/executions/{triggered[0].Json["executionId"]}")).Json["status"]);
    }

    [Theory]
    [InlineData("/v1/executions?status=running", "?job")]
    [InlineData("/v1/executions?status=running&job=a&q=x", "?q")]
    [InlineData("/v1/jobs/a/executions?status=running&q=x", "?q")]
    public async Task A_list_of_what_runs_refuses_what_it_cannot_honour(string path, string pointer)
    {
        var reply = await gateway.SendAsync("GET", path);

        reply.IsProblem(400, "request.invalid");
        Assert.Equal([pointer], reply.Pointers());
    }

    [Fact]
    public async Task A_job_fires_on_its_schedule_never_early_and_is_in_history_within_two_seconds()
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"cron":"* * * * * *"},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/ok/{{{{id}}}}"}}}""");

        var received = await gateway.Sink.UntilAsync(3, w => w.Path.EndsWith(id, StringComparison.Ordinal), Patience);
        await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause");
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);

        Assert.All(received, w => Assert.True(w.Lateness >= TimeSpan.Zero));
        Assert.Equal(received.Count, received.Select(w => w.ExecutionId).Distinct().Count());
        var history = (await gateway.SendAsync("GET", $"/v1/executions?job={id}")).Ids("executionId").ToList();
        Assert.All(received, w => Assert.Contains(w.ExecutionId, history));
        var page = await gateway.SendAsync("GET", $"/v1/jobs/{id}/executions?limit=1");
        var next = await gateway.SendAsync("GET", $"/v1/jobs/{id}/executions?limit=1&cursor={page.Json["nextCursor"]}");
        Assert.Equal(history.Take(2), page.Ids("executionId").Concat(next.Ids("executionId")));
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/executions?job={id}&status=deadLettered")).Ids("executionId"));
        Assert.Equal(history, (await gateway.SendAsync("GET", $"/v1/executions?job={id}&q=OK")).Ids("executionId"));
    }

    [Fact]
    public async Task Without_a_server_a_NATS_target_says_what_is_missing()
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"cron":"0 0 1 1 *"},"retry":{"maxRetries":0},"target":{"nats":{"subject":"orders"}}}""");

        Assert.Contains("ConnectionStrings__nats", (string?)(await gateway.RunAsync(id))["attempts"]![0]!["error"], StringComparison.Ordinal);
    }

    private IEnumerable<ReceivedWebhook> To(string id) => gateway.Sink.Received.Where(w => w.Path.EndsWith(id, StringComparison.Ordinal));
}
