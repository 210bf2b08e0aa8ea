namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class PreconditionTests(RunningGateway gateway)
{
    [Theory]
    [InlineData("\"1\"")]
    [InlineData("\"0\", \"1\"")]
    [InlineData("W/\"1\"")]
    [InlineData("*")]
    public async Task A_read_of_what_the_caller_has_is_304_without_a_body(string known)
    {
        var id = await gateway.MakeJobAsync();

        var reply = await gateway.SendAsync("GET", $"/v1/jobs/{id}", null, ("If-None-Match", known));

        Assert.Equal((304, "", "\"1\""), (reply.Status, reply.Body, reply.Headers["ETag"]));
    }

    [Fact]
    public async Task A_read_of_another_version_is_whole()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Equal(200, (await gateway.SendAsync("GET", $"/v1/jobs/{id}", null, ("If-None-Match", "\"2\""))).Status);
    }

    [Fact]
    public async Task If_Match_does_not_create()
    {
        var id = RunningGateway.NewId();

        foreach (var match in new[] { "*", "\"1\"" })
        {
            var reply = await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id), ("If-Match", match));
            Assert.Equal((412, "job.version_conflict"), (reply.Status, (string?)reply.Json["code"]));
        }

        Assert.Equal(404, (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Status);
    }

    [Fact]
    public async Task If_None_Match_creates_and_If_Match_replaces_any_version()
    {
        var id = RunningGateway.NewId();

        Assert.Equal(201, (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id), ("If-None-Match", "*"))).Status);
        Assert.Equal(200, (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id, more: ""","description":"x" """), ("If-Match", "*"))).Status);
    }

    [Fact]
    public async Task Pause_and_resume_honour_If_Match()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Equal(412, (await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause", null, ("If-Match", "\"2\""))).Status);
        Assert.Equal("\"2\"", (await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause", null, ("If-Match", "\"1\""))).Headers["ETag"]);
        Assert.Equal("\"2\"", (await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause")).Headers["ETag"]);
        Assert.Equal(412, (await gateway.SendAsync("POST", $"/v1/jobs/{id}/resume", null, ("If-Match", "\"1\""))).Status);
    }

    [Fact]
    public async Task Of_many_writers_with_one_tag_one_wins()
    {
        var id = await gateway.MakeJobAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => gateway.SendAsync("PATCH", $"/v1/jobs/{id}", $$"""{"description":"{{i}}"}""", ("If-Match", "\"1\""))));

        Assert.Equal([200, 412, 412, 412, 412, 412], replies.Select(r => r.Status).Order());
    }
}
