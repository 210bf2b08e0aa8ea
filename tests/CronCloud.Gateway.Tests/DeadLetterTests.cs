namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class DeadLetterTests(RunningGateway gateway)
{
    private const string NoRetry = ""","retry":{"maxRetries":0}""";

    [Fact]
    public async Task A_dead_letter_tells_why_it_failed_and_what_was_sent()
    {
        var id = await gateway.MakeJobAsync("/status/500", NoRetry);
        var executionId = await FailAsync(id, """{"payload":{"order":42}}""");

        var letter = await gateway.SendAsync("GET", $"/v1/dead-letters/{executionId}");

        Assert.Equal(200, letter.Status);
        Assert.Equal((id, "answered 500 Internal Server Error", "status 500", 42), ((string?)letter.Json["jobId"], (string?)letter.Json["error"], (string?)letter.Json["output"], (int)letter.Json["target"]!["http"]!["body"]!["order"]!));
        var attempt = Assert.Single(letter.Json["attempts"]!.AsArray())!;
        Assert.Equal((1, "failed", 500), ((int)attempt["number"]!, (string?)attempt["outcome"], (int)attempt["statusCode"]!));
        var listed = await gateway.SendAsync("GET", $"/v1/dead-letters?job={id}");
        Assert.Equal([executionId], listed.Ids("executionId"));
    }

    [Fact]
    public async Task A_redriven_execution_keeps_its_id_and_due_time_and_counts_its_attempts_on()
    {
        var id = await gateway.MakeJobAsync("/flaky/1", NoRetry);
        var executionId = await FailAsync(id);

        Assert.Equal(202, (await gateway.SendAsync("POST", $"/v1/dead-letters/{executionId}/redrive")).Status);
        (await gateway.SendAsync("POST", $"/v1/dead-letters/{executionId}/redrive")).IsProblem(404, "deadLetter.not_found");

        await gateway.Sink.UntilAsync(2, w => w.ExecutionId == executionId, TimeSpan.FromSeconds(10));
        var received = gateway.Sink.Received.Where(w => w.ExecutionId == executionId).ToList();
        Assert.Equal(["1", "2"], received.Select(w => w.Headers["CronCloud-Attempt"]));
        Assert.Single(received.Select(w => (w.Headers["Idempotency-Key"], w.ScheduledAt)).Distinct());
        Assert.Equal("succeeded", await StatusAsync(executionId, "succeeded"));
        (await gateway.SendAsync("GET", $"/v1/dead-letters/{executionId}")).IsProblem(404, "deadLetter.not_found");
    }

    [Fact]
    public async Task A_redriven_execution_is_running_until_it_has_ended_again()
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"cron":"0 0 1 1 *"},"retry":{"maxRetries":0},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/slow/20000/{{{{id}}}}","timeout":"2s"}}}""");
        var executionId = await FailAsync(id);

        await gateway.SendAsync("POST", $"/v1/dead-letters/{executionId}/redrive");
        var running = await gateway.SendAsync("GET", $"/v1/executions/{executionId}");
        var ended = await gateway.EndedAsync(executionId);

        Assert.Equal(("running", "redrive"), ((string?)running.Json["status"], (string?)running.Json["trigger"]));
        Assert.Single(running.Json["attempts"]!.AsArray());
        Assert.Equal("deadLettered", (string?)ended["status"]);
        Assert.Equal([1, 2], ended["attempts"]!.AsArray().Select(a => (int)a!["number"]!));
    }

    [Fact]
    public async Task Many_are_redriven_by_job_and_by_time()
    {
        var id = await gateway.MakeJobAsync("/flaky/3", NoRetry);
        for (var i = 0; i < 3; i++)
            await FailAsync(id);

        var none = await gateway.SendAsync("POST", "/v1/dead-letters/redrive", $$"""{"job":"{{id}}","before":"2026-01-01T00:00:00Z"}""");
        var all = await gateway.SendAsync("POST", "/v1/dead-letters/redrive", $$"""{"job":"{{id}}"}""");

        Assert.Equal((202, 0), (none.Status, (int)none.Json["executions"]!));
        Assert.Equal((202, 3), (all.Status, (int)all.Json["executions"]!));
        await gateway.Sink.UntilAsync(6, w => w.Path.EndsWith($"/{id}", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_discarded_dead_letter_is_gone_and_its_history_stays()
    {
        var executionId = await FailAsync(await gateway.MakeJobAsync("/status/500", NoRetry));

        Assert.Equal(204, (await gateway.SendAsync("DELETE", $"/v1/dead-letters/{executionId}")).Status);

        (await gateway.SendAsync("DELETE", $"/v1/dead-letters/{executionId}")).IsProblem(404, "deadLetter.not_found");
        Assert.Equal(200, (await gateway.SendAsync("GET", $"/v1/executions/{executionId}")).Status);
    }

    [Theory]
    [InlineData("""{"job":7}""", "/job")]
    [InlineData("""{"job":"a/b"}""", "/job")]
    [InlineData("""{"before":"tomorrow"}""", "/before")]
    [InlineData("""{"all":true}""", "/all")]
    public async Task A_redrive_that_cannot_be_read_is_refused_by_its_field(string body, string pointer)
    {
        var reply = await gateway.SendAsync("POST", "/v1/dead-letters/redrive", body);

        reply.IsProblem(400, "request.invalid");
        Assert.Equal([pointer], reply.Pointers());
    }

    private async Task<string> FailAsync(string id, string? body = null)
    {
        var execution = await gateway.RunAsync(id, body);
        Assert.Equal("deadLettered", (string?)execution["status"]);
        return (string)execution["executionId"]!;
    }

    private async Task<string?> StatusAsync(string executionId, string awaited)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var status = (string?)(await gateway.SendAsync("GET", $"/v1/executions/{executionId}")).Json["status"];
            if (status == awaited)
                return status;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        return null;
    }
}
