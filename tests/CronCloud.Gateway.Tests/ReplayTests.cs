namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class ReplayTests(RunningGateway gateway)
{
    private readonly (string, string) _key = ("Idempotency-Key", Guid.NewGuid().ToString());

    [Fact]
    public async Task A_deletion_is_answered_204_again()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Equal(204, (await gateway.SendAsync("DELETE", $"/v1/jobs/{id}", null, _key)).Status);
        var again = await gateway.SendAsync("DELETE", $"/v1/jobs/{id}", null, _key);

        Assert.Equal((204, "", "true"), (again.Status, again.Body, again.Headers["Idempotency-Replayed"]));
    }

    [Fact]
    public async Task A_refusal_is_replayed_as_the_problem_it_was()
    {
        var first = await gateway.SendAsync("POST", "/v1/jobs", "{}", _key);
        var again = await gateway.SendAsync("POST", "/v1/jobs", "{}", _key);

        again.IsProblem(400, "schedule.invalid");
        Assert.Equal(first.Body, again.Body);
    }

    [Fact]
    public async Task A_key_belongs_to_one_address()
    {
        var id = await gateway.MakeJobAsync();
        await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause", null, _key);

        (await gateway.SendAsync("POST", $"/v1/jobs/{id}/resume", null, _key)).IsProblem(422, "idempotency.mismatch");
        Assert.Equal("paused", (string?)(await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json["state"]);
    }

    [Fact]
    public async Task A_key_does_not_make_a_read_stale()
    {
        var id = await gateway.MakeJobAsync();
        await gateway.SendAsync("GET", $"/v1/jobs/{id}", null, _key);
        await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause");

        Assert.Equal("paused", (string?)(await gateway.SendAsync("GET", $"/v1/jobs/{id}", null, _key)).Json["state"]);
    }

    [Fact]
    public async Task A_bad_key_is_refused() =>
        (await gateway.SendAsync("POST", "/v1/jobs", "{}", ("Idempotency-Key", new string('k', 256)))).IsProblem(400, "idempotency.invalid");
}
