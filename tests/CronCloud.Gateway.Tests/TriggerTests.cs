namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class TriggerTests(RunningGateway gateway)
{
    [Fact]
    public async Task A_triggered_execution_can_be_read_at_once()
    {
        var id = await gateway.MakeJobAsync();

        var triggered = await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger");
        var read = await gateway.SendAsync("GET", $"/v1/executions/{triggered.Json["executionId"]}");

        Assert.Equal((202, 200), (triggered.Status, read.Status));
        Assert.Equal((id, "manual"), ((string?)read.Json["jobId"], (string?)read.Json["trigger"]));
        Assert.Equal("succeeded", (string?)(await gateway.EndedAsync((string)triggered.Json["executionId"]!))["status"]);
    }

    [Fact]
    public async Task A_paused_job_can_be_triggered_and_stays_as_it_is()
    {
        var id = await gateway.MakeJobAsync(more: ""","state":"paused" """);

        Assert.Equal("succeeded", (string?)(await gateway.RunAsync(id))["status"]);

        var job = await gateway.SendAsync("GET", $"/v1/jobs/{id}");
        Assert.Equal(("\"1\"", "paused"), (job.Headers["ETag"], (string?)job.Json["state"]));
    }

    [Theory]
    [InlineData("{\"payload\":\"a,b\"}", "a,b", "text/plain; charset=utf-8")]
    [InlineData("{\"payload\":[1,\"é\"]}", "[1,\"é\"]", "application/json")]
    [InlineData("{\"payload\":false}", "false", "application/json")]
    public async Task A_payload_reaches_the_target(string body, string received, string type)
    {
        var id = await gateway.MakeJobAsync();

        await gateway.RunAsync(id, body);

        var webhook = Assert.Single(gateway.Sink.Received, w => w.Path.EndsWith(id, StringComparison.Ordinal));
        Assert.Equal((received, type), (webhook.Body, webhook.Headers["Content-Type"]));
    }

    [Fact]
    public async Task A_bad_payload_is_refused_and_runs_nothing()
    {
        var id = await gateway.MakeJobAsync();
        async Task<IEnumerable<string>> PointersAsync(string body) => (await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger", body)).Pointers();

        Assert.Equal(["/payload"], await PointersAsync("{\"payload\":\"" + new string('x', 256 * 1024) + "\"}"));
        Assert.Equal(["/a~1b"], await PointersAsync("{\"a/b\":1}"));
        Assert.Equal([""], await PointersAsync("{\"payload\":\"\\ud800\"}"));
        Assert.Equal([""], await PointersAsync("[]"));

        await gateway.RunAsync(id);
        Assert.Single(gateway.Sink.Received, w => w.Path.EndsWith(id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_trigger_with_a_used_key_and_another_payload_is_refused()
    {
        var (id, key) = (await gateway.MakeJobAsync(), ("Idempotency-Key", Guid.NewGuid().ToString()));

        var first = await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger", """{"payload":1}""", key);
        (await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger", """{"payload":2}""", key)).IsProblem(422, "idempotency.mismatch");
        var again = await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger", """{"payload":1}""", key);

        Assert.Equal((202, first.Body), (again.Status, again.Body));
        await gateway.EndedAsync((string)first.Json["executionId"]!);
        Assert.Single(gateway.Sink.Received, w => w.Path.EndsWith(id, StringComparison.Ordinal));
    }
}
