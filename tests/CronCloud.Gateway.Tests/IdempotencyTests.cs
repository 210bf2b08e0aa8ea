namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class IdempotencyTests(RunningGateway gateway)
{
    [Fact]
    public async Task The_same_request_again_gets_the_first_answer()
    {
        var (id, key) = (RunningGateway.NewId(), ("Idempotency-Key", Guid.NewGuid().ToString()));

        var first = await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(id), key);
        var again = await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(id), key);

        Assert.Equal((201, first.Body, first.Headers["ETag"], first.Headers["Location"]), (again.Status, again.Body, again.Headers["ETag"], again.Headers["Location"]));
        Assert.Equal("true", again.Headers["Idempotency-Replayed"]);
    }

    [Fact]
    public async Task Another_request_with_the_key_is_refused()
    {
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(RunningGateway.NewId()), key);

        var other = await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(RunningGateway.NewId()), key);

        Assert.Equal((422, "idempotency.mismatch"), (other.Status, (string?)other.Json["code"]));
    }

    [Fact]
    public async Task Many_copies_of_a_trigger_run_the_job_once()
    {
        var (id, key) = (await gateway.MakeJobAsync(), ("Idempotency-Key", Guid.NewGuid().ToString()));

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger", null, key)));

        Assert.Single(replies.Select(r => (string)r.Json["executionId"]!).Distinct());
        await gateway.EndedAsync((string)replies[0].Json["executionId"]!);
        Assert.Single(gateway.Sink.Received, w => w.Path.EndsWith(id, StringComparison.Ordinal));
    }
}
