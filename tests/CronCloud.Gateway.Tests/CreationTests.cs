using System.Text.Json.Nodes;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class CreationTests(RunningGateway gateway)
{
    [Fact]
    public async Task What_is_left_out_has_its_default()
    {
        var job = (await gateway.SendAsync("POST", "/v1/jobs", """{"schedule":{"every":"1h"},"target":{"http":{"url":"https://example.com/a"}}}""")).Json;

        Assert.Matches("^job-[0-9a-f]{16}$", (string?)job["id"]);
        Assert.Equal("{}", job["tags"]!.ToJsonString());
        Assert.Equal("""{"url":"https://example.com/a","method":"POST","headers":{},"timeout":"30s","success":"200-299"}""", job["target"]!["http"]!.ToJsonString());
        Assert.Equal("""{"maxRetries":5,"initialDelay":"10s","multiplier":2,"maxDelay":"1h","jitter":true}""", job["retry"]!.ToJsonString());
        Assert.Equal("""{"policy":"all","window":"24h"}""", job["catchUp"]!.ToJsonString());
        Assert.Equal("""{"consecutiveFailures":3,"lateAfter":"5s","remindEvery":"24h","channels":[]}""", job["alerts"]!.ToJsonString());
        Assert.Equal(("allow", "active", 1), ((string?)job["overlap"], (string?)job["state"], (int)job["version"]!));
        Assert.Equal((string?)job["createdAt"], (string?)job["updatedAt"]);
        Assert.False(job.ContainsKey("description"));
    }

    [Fact]
    public async Task A_job_may_be_born_paused()
    {
        var id = await gateway.MakeJobAsync(more: ""","state":"paused" """);

        var job = (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json;

        Assert.Equal("paused", (string?)job["state"]);
        Assert.Null(job["nextDueAt"]);
        Assert.True(job.ContainsKey("nextDueAt"));
    }

    [Fact]
    public async Task An_id_has_up_to_128_characters_of_its_alphabet()
    {
        var id = RunningGateway.NewId() + "." + new string('Z', 128 - RunningGateway.NewId().Length - 2) + "_";
        Assert.Equal(128, id.Length);

        Assert.Equal(201, (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id))).Status);
        var longer = await gateway.SendAsync("PUT", $"/v1/jobs/{id}x", gateway.Job(id + "x"));
        Assert.Equal(400, longer.Status);
        Assert.Equal(["/id"], longer.Pointers());
    }

    [Fact]
    public async Task Of_two_creations_of_one_id_one_wins()
    {
        var id = RunningGateway.NewId();

        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => gateway.SendAsync("POST", "/v1/jobs", gateway.Job(id))));

        Assert.Equal([201, 409, 409, 409, 409, 409], replies.Select(r => r.Status).Order());
    }

    [Fact]
    public async Task A_refused_replacement_changes_nothing()
    {
        var id = await gateway.MakeJobAsync();
        var before = await gateway.SendAsync("GET", $"/v1/jobs/{id}");

        Assert.Equal(400, (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id, more: ""","overlap":"odd" """))).Status);
        Assert.Equal(400, (await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"description":"new","retry":{"maxRetries":6}}""")).Status);

        Assert.Equal(before.Body, (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Body);
    }

    [Fact]
    public async Task A_replacement_puts_back_defaults_and_keeps_the_time_of_creation()
    {
        var id = await gateway.MakeJobAsync(more: ""","description":"d","overlap":"queue" """);
        var before = (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json;

        var after = (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id))).Json;

        Assert.Equal("allow", (string?)after["overlap"]);
        Assert.False(after.ContainsKey("description"));
        Assert.True(JsonNode.DeepEquals(before["createdAt"], after["createdAt"]));
    }
}
