namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class PatchTests(RunningGateway gateway)
{
    [Fact]
    public async Task A_patch_that_says_nothing_new_makes_no_version()
    {
        var id = await gateway.MakeJobAsync();

        var reply = await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"overlap":"allow","retry":{"maxDelay":"60m"}}""");

        Assert.Equal((200, "\"1\""), (reply.Status, reply.Headers["ETag"]));
    }

    [Fact]
    public async Task One_kind_of_schedule_gives_way_to_another_by_null()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Equal(["/schedule"], (await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"schedule":{"every":"1h"}}""")).Pointers());
        var reply = await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"schedule":{"cron":null,"every":"1h"}}""");

        Assert.Equal("""{"every":"1h"}""", reply.Json["schedule"]!.ToJsonString());
    }

    [Fact]
    public async Task Null_brings_a_default_back()
    {
        var id = await gateway.MakeJobAsync(more: ""","retry":{"maxRetries":1,"initialDelay":"2s"}""");

        var one = await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"retry":{"maxRetries":null}}""");
        Assert.Equal((5, "2s"), ((int)one.Json["retry"]!["maxRetries"]!, (string?)one.Json["retry"]!["initialDelay"]));
        var all = await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"retry":null}""");
        Assert.Equal("10s", (string?)all.Json["retry"]!["initialDelay"]);
    }

    [Theory]
    [InlineData("""{"schedule":null}""", "/schedule")]
    [InlineData("""{"target":null}""", "/target")]
    [InlineData("""{"id":"another"}""", "/id")]
    [InlineData("""{"colour":1}""", "/colour")]
    [InlineData("""{"tags":{"a":1}}""", "/tags/a")]
    public async Task What_would_leave_a_bad_job_is_refused(string patch, string pointer)
    {
        var id = await gateway.MakeJobAsync();

        var reply = await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", patch);

        Assert.Equal(400, reply.Status);
        Assert.Equal([pointer], reply.Pointers());
    }

    [Fact]
    public async Task Patches_of_different_fields_at_once_are_all_kept()
    {
        var id = await gateway.MakeJobAsync();

        var replies = await Task.WhenAll(
            gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"tags":{"a":"1"}}"""),
            gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"tags":{"b":"2"}}"""));

        Assert.All(replies, r => Assert.Equal(200, r.Status));
        Assert.Equal(["a", "b"], (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json["tags"]!.AsObject().Select(t => t.Key).Order());
    }

    [Fact]
    public async Task A_patch_needs_a_job() =>
        Assert.Equal("job.not_found", (string?)(await gateway.SendAsync("PATCH", $"/v1/jobs/{RunningGateway.NewId()}", "{}")).Json["code"]);
}
