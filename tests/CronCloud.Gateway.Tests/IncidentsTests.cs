using System.Text.Json.Nodes;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class IncidentsTests(RunningGateway gateway)
{
    private const string NoRetry = ""","retry":{"maxRetries":0}""";

    [Fact]
    public async Task A_dead_letter_opens_an_incident_that_tells_its_life()
    {
        var id = await gateway.MakeJobAsync("/flaky/1", NoRetry);
        var failed = await gateway.RunAsync(id);
        var open = await IncidentAsync(id, "open");

        Assert.Equal((id, "an execution was given up after one attempt", "answered 503 Service Unavailable"), ((string?)open["jobId"], (string?)open["summary"], (string?)open["lastError"]));
        Assert.Equal((1, (string)failed["executionId"]!, new Uri(gateway.Sink.Url).Authority), ((int)open["consecutiveFailures"]!, (string?)open["lastExecutionId"], (string?)open["destination"]));
        Assert.Equal(["deadLetter"], open["kinds"]!.AsArray().Select(k => (string)k!));
        Assert.True(open.ContainsKey("resolvedAt") && open["resolvedAt"] is null);

        await gateway.SendAsync("POST", $"/v1/dead-letters/{(string)failed["executionId"]!}/redrive");
        var resolved = await IncidentAsync(id, "resolved");
        Assert.Equal((string?)open["id"], (string?)resolved["id"]);
        var whole = (await gateway.SendAsync("GET", $"/v1/incidents/{(string)open["id"]!}")).Json;
        Assert.Equal(["opened", "recovered"], whole["events"]!.AsArray().Select(e => (string)e!["event"]!));
        Assert.Equal((string?)resolved["resolvedAt"], (string?)whole["events"]![1]!["at"]);
    }

    [Fact]
    public async Task An_incident_is_acknowledged_once_and_not_after_it_is_over()
    {
        var id = await gateway.MakeJobAsync("/flaky/1", NoRetry);
        await gateway.RunAsync(id);
        var incident = (string)(await IncidentAsync(id, "open"))["id"]!;

        var first = await gateway.SendAsync("POST", $"/v1/incidents/{incident}/acknowledge");
        var again = await gateway.SendAsync("POST", $"/v1/incidents/{incident}/acknowledge");
        Assert.Equal((200, 200, "acknowledged", "api"), (first.Status, again.Status, (string?)first.Json["state"], (string?)first.Json["acknowledgedBy"]));
        Assert.Equal(first.Body, again.Body);
        Assert.Equal([incident], (await gateway.SendAsync("GET", $"/v1/incidents?state=acknowledged&job={id}")).Ids());

        await gateway.RunAsync(id);
        await IncidentAsync(id, "resolved");
        (await gateway.SendAsync("POST", $"/v1/incidents/{incident}/acknowledge")).IsProblem(409, "incident.resolved");
    }

    [Fact]
    public async Task An_acknowledgement_with_a_key_gets_its_first_answer_also_when_it_is_over()
    {
        var id = await gateway.MakeJobAsync("/flaky/1", NoRetry);
        await gateway.RunAsync(id);
        var path = $"/v1/incidents/{(string)(await IncidentAsync(id, "open"))["id"]!}/acknowledge";
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());

        var first = await gateway.SendAsync("POST", path, null, key);
        await gateway.RunAsync(id);
        await IncidentAsync(id, "resolved");
        var again = await gateway.SendAsync("POST", path, null, key);

        Assert.Equal((200, first.Body, "true"), (again.Status, again.Body, again.Headers["Idempotency-Replayed"]));
    }

    [Fact]
    public async Task A_list_is_paged_the_newest_first()
    {
        var id = await gateway.MakeJobAsync("/status/500", NoRetry);
        for (var i = 0; i < 3; i++)
        {
            await gateway.RunAsync(id);
            await IncidentAsync(id, "open");
            await PointToAsync(id, "/ok");
            await gateway.RunAsync(id);
            await IncidentAsync(id, "resolved", count: i + 1);
            await PointToAsync(id, "/status/500");
        }

        var first = await gateway.SendAsync("GET", $"/v1/incidents?job={id}&limit=2");
        var second = await gateway.SendAsync("GET", $"/v1/incidents?job={id}&limit=2&cursor={(string)first.Json["nextCursor"]!}");

        var opened = first.Json["items"]!.AsArray().Concat(second.Json["items"]!.AsArray()).Select(i => (string)i!["openedAt"]!).ToList();
        Assert.Equal((2, 1, 3), (first.Ids().Count(), second.Ids().Count(), first.Ids().Concat(second.Ids()).Distinct().Count()));
        Assert.Equal(opened.OrderDescending(StringComparer.Ordinal), opened);
        Assert.Null(second.Json["nextCursor"]);
    }

    [Fact]
    public async Task A_deleted_jobs_incident_ends_with_the_reason()
    {
        var id = await gateway.MakeJobAsync("/status/500", NoRetry);
        await gateway.RunAsync(id);
        await IncidentAsync(id, "open");

        await gateway.SendAsync("DELETE", $"/v1/jobs/{id}");

        Assert.Equal("the job was deleted", (string?)(await IncidentAsync(id, "resolved"))["closedBecause"]);
    }

    [Theory]
    [InlineData("state=closed", "?state")]
    [InlineData("limit=0", "?limit")]
    [InlineData("cursor=x", "?cursor")]
    [InlineData("jobs=a", "?jobs")]
    public async Task A_list_that_cannot_be_read_is_refused_by_its_parameter(string query, string pointer)
    {
        var reply = await gateway.SendAsync("GET", $"/v1/incidents?{query}");

        reply.IsProblem(400, "request.invalid");
        Assert.Equal([pointer], reply.Pointers());
    }

    [Fact]
    public async Task An_incident_that_there_is_not_is_not_found()
    {
        (await gateway.SendAsync("GET", "/v1/incidents/inc-0")).IsProblem(404, "incident.not_found");
        (await gateway.SendAsync("POST", "/v1/incidents/inc-0/acknowledge")).IsProblem(404, "incident.not_found");
    }

    private async Task PointToAsync(string id, string path) =>
        Assert.Equal(200, (await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", $$$$"""{"target":{"http":{"url":"{{{{gateway.Sink.Url}}}}{{{{path}}}}/{{{{id}}}}"}}}""")).Status);

    /// <summary>The newest of the job's incidents in that state, when there are so many.</summary>
    private async Task<JsonObject> IncidentAsync(string job, string state, int count = 1)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            var items = (await gateway.SendAsync("GET", $"/v1/incidents?job={job}&state={state}")).Json["items"]!.AsArray();
            if (items.Count == count)
                return items[0]!.AsObject();
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        throw new TimeoutException($"{job} has no {count} incidents that are {state}.");
    }
}
