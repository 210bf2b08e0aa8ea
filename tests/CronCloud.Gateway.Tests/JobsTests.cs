using System.Text.Json.Nodes;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class JobsTests(RunningGateway gateway)
{
    [Fact]
    public async Task A_created_job_comes_back_with_all_its_fields()
    {
        var id = RunningGateway.NewId();

        var created = await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(id, more: ""","description":"d","tags":{"a":"b"},"overlap":"skip","catchUp":{"policy":"latest","window":"2h"},"alerts":{"consecutiveFailures":5,"slowAfter":"1m","channels":["ops"]},"retry":{"maxRetries":1,"initialDelay":"PT5S"}"""));

        Assert.Equal(201, created.Status);
        Assert.Equal($"/v1/jobs/{id}", created.Headers["Location"]);
        Assert.Equal("\"1\"", created.Headers["ETag"]);
        var job = (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json;
        Assert.True(JsonNode.DeepEquals(created.Json, job));
        Assert.Equal("skip", (string?)job["overlap"]);
        Assert.Equal("""{"policy":"latest","window":"2h"}""", job["catchUp"]!.ToJsonString());
        Assert.Equal("""{"consecutiveFailures":5,"lateAfter":"5s","slowAfter":"1m","remindEvery":"24h","channels":["ops"]}""", job["alerts"]!.ToJsonString());
        Assert.Equal("""{"maxRetries":1,"initialDelay":"5s","multiplier":2,"maxDelay":"1h","jitter":true}""", job["retry"]!.ToJsonString());
        Assert.Equal("active", (string?)job["state"]);
        Assert.NotNull(job["nextDueAt"]);
    }

    [Fact]
    public async Task An_id_is_made_up_when_left_out_and_refused_when_taken()
    {
        var body = """{"schedule":{"every":"1h"},"target":{"nats":{"subject":"orders.created"}}}""";
        var (one, two) = (await gateway.SendAsync("POST", "/v1/jobs", body), await gateway.SendAsync("POST", "/v1/jobs", body));
        Assert.NotEqual((string?)one.Json["id"], (string?)two.Json["id"]);

        var again = await gateway.SendAsync("POST", "/v1/jobs", gateway.Job((string)one.Json["id"]!));
        Assert.Equal((409, "job.already_exists"), (again.Status, (string?)again.Json["code"]));
    }

    [Fact]
    public async Task Put_creates_replaces_and_leaves_alone_what_is_the_same()
    {
        var id = RunningGateway.NewId();

        Assert.Equal((201, "\"1\""), await PutAsync(id, gateway.Job(id)));
        Assert.Equal((200, "\"1\""), await PutAsync(id, gateway.Job(id)));
        Assert.Equal((200, "\"2\""), await PutAsync(id, gateway.Job(id, more: ""","description":"new" """)));
        var read = await gateway.SendAsync("GET", $"/v1/jobs/{id}");
        Assert.Equal((200, "\"2\""), await PutAsync(id, read.Body));
        Assert.Equal(400, (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job("another"))).Status);
    }

    [Fact]
    public async Task Preconditions_are_honoured()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Equal(412, (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id), ("If-Match", "\"7\""))).Status);
        Assert.Equal(412, (await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id), ("If-None-Match", "*"))).Status);
        Assert.Equal(412, (await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", "{}", ("If-Match", "W/\"1\""))).Status);
        Assert.Equal(412, (await gateway.SendAsync("DELETE", $"/v1/jobs/{id}", null, ("If-Match", "\"7\""))).Status);
        Assert.Equal(304, (await gateway.SendAsync("GET", $"/v1/jobs/{id}", null, ("If-None-Match", "\"1\""))).Status);
        Assert.Equal(200, (await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"description":"x"}""", ("If-Match", "\"1\""))).Status);
    }

    [Fact]
    public async Task A_patch_merges()
    {
        var id = await gateway.MakeJobAsync(more: ""","description":"d","tags":{"a":"b","c":"d"}""");

        var patched = await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"description":null,"tags":{"a":null,"e":"f"},"target":{"http":{"timeout":"5s"}},"state":"paused"}""");

        Assert.Equal(200, patched.Status);
        Assert.Null(patched.Json["description"]);
        Assert.Equal("""{"c":"d","e":"f"}""", patched.Json["tags"]!.ToJsonString());
        Assert.Equal("5s", (string?)patched.Json["target"]!["http"]!["timeout"]);
        Assert.Equal(("paused", 2), ((string?)patched.Json["state"], (int)patched.Json["version"]!));
        Assert.Null(patched.Json["nextDueAt"]);
    }

    [Fact]
    public async Task A_deleted_job_is_gone_and_its_versions_go_on()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Equal(204, (await gateway.SendAsync("DELETE", $"/v1/jobs/{id}")).Status);
        Assert.Equal(404, (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Status);
        Assert.Equal(404, (await gateway.SendAsync("DELETE", $"/v1/jobs/{id}")).Status);
        Assert.Equal(404, (await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause")).Status);
        var again = await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(id));
        Assert.Equal((201, "\"3\""), (again.Status, again.Headers["ETag"]));
        var revisions = (await gateway.SendAsync("GET", $"/v1/jobs/{id}/revisions")).Json["items"]!.AsArray();
        Assert.Equal(["created", "deleted", "created"], revisions.Select(r => (string)r!["action"]!));
    }

    [Fact]
    public async Task A_paused_job_has_no_next_due_time_until_it_is_resumed()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Null((await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause")).Json["nextDueAt"]);
        Assert.Equal("""{"occurrences":[]}""", (await gateway.SendAsync("GET", $"/v1/jobs/{id}/upcoming")).Body);
        Assert.NotNull((await gateway.SendAsync("POST", $"/v1/jobs/{id}/resume")).Json["nextDueAt"]);
        Assert.Equal(3, (await gateway.SendAsync("GET", $"/v1/jobs/{id}/upcoming?count=3")).Json["occurrences"]!.AsArray().Count);
    }

    [Fact]
    public async Task Lists_are_filtered_and_paged()
    {
        var tag = $"t{Guid.NewGuid():N}";
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
            ids.Add(await gateway.MakeJobAsync(more: $$""","tags":{"group":"{{tag}}"}"""));
        await gateway.SendAsync("POST", $"/v1/jobs/{ids[0]}/pause");
        var filter = $"/v1/jobs?tag=group:{tag}";

        Assert.Equal(ids.Order(StringComparer.Ordinal), (await gateway.SendAsync("GET", filter)).Ids());
        Assert.Equal([ids[0]], (await gateway.SendAsync("GET", filter + "&state=paused")).Ids());
        Assert.Equal([ids[1]], (await gateway.SendAsync("GET", $"/v1/jobs?q={ids[1][4..].ToUpperInvariant()}")).Ids());
        Assert.Equal(5, (await gateway.SendAsync("GET", $"{filter}&target={new Uri(gateway.Sink.Url).Authority}")).Ids().Count());
        var first = await gateway.SendAsync("GET", filter + "&limit=3");
        var second = await gateway.SendAsync("GET", $"{filter}&limit=3&cursor={first.Json["nextCursor"]}");
        Assert.Equal(ids.Order(StringComparer.Ordinal), first.Ids().Concat(second.Ids()));
        Assert.Null(second.Json["nextCursor"]);
    }

    [Fact]
    public async Task A_job_past_its_last_occurrence_is_completed()
    {
        var id = RunningGateway.NewId();
        await gateway.SendAsync("POST", "/v1/jobs", $$$$"""{"id":"{{{{id}}}}","schedule":{"at":"2026-01-01T00:00:00Z"},"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}/ok/{{{{id}}}}"}}}""");

        Assert.Equal("completed", (string?)(await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json["state"]);
        Assert.Equal([id], (await gateway.SendAsync("GET", $"/v1/jobs?state=completed&q={id}")).Ids());
        Assert.DoesNotContain(gateway.Sink.Received, w => w.Path.EndsWith(id, StringComparison.Ordinal));
    }

    private async Task<(int Status, string ETag)> PutAsync(string id, string body)
    {
        var reply = await gateway.SendAsync("PUT", $"/v1/jobs/{id}", body);
        Assert.True(reply.Status < 300, reply.Body);
        return (reply.Status, reply.Headers["ETag"]);
    }
}
