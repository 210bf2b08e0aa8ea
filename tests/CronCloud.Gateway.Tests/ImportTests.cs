using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

/// <summary>Jobs by the line.</summary>
[Collection(nameof(RunningGateway))]
public sealed class ImportTests(RunningGateway gateway)
{
    private const string Path = "/v1/jobs/import";

    [Fact]
    public async Task Lines_are_created_updated_and_left_alone_in_order()
    {
        var (a, b, c) = (RunningGateway.NewId(), RunningGateway.NewId(), RunningGateway.NewId());
        await ImportAsync(gateway.Job(b), gateway.Job(c));

        var results = await ImportAsync(gateway.Job(a), gateway.Job(b, more: ""","description":"new" """), gateway.Job(c));

        Assert.Equal(
            [$$"""{"line":1,"id":"{{a}}","status":"created"}""", $$"""{"line":2,"id":"{{b}}","status":"updated"}""", $$"""{"line":3,"id":"{{c}}","status":"unchanged"}"""],
            results.Select(r => r.ToJsonString()));
        Assert.Equal(1, (int)(await gateway.SendAsync("GET", $"/v1/jobs/{c}")).Json["version"]!);
        var updated = (await gateway.SendAsync("GET", $"/v1/jobs/{b}")).Json;
        Assert.Equal((2, "new"), ((int)updated["version"]!, (string?)updated["description"]));
        Assert.NotNull(updated["nextDueAt"]);
        var revisions = (await gateway.SendAsync("GET", $"/v1/jobs/{b}/revisions")).Json["items"]!.AsArray();
        Assert.Equal(["updated", "created"], revisions.Select(r => (string)r!["action"]!));
    }

    [Fact]
    public async Task An_imported_job_is_the_one_that_a_put_makes_and_runs()
    {
        var (imported, put) = (RunningGateway.NewId(), RunningGateway.NewId());
        const string more = ""","description":"Zürich \u00fc","tags":{"a":"b"},"overlap":"skip","catchUp":{"policy":"latest","window":"2h"},"alerts":{"consecutiveFailures":5,"channels":["ops"]},"retry":{"maxRetries":1,"initialDelay":"PT5S"}""";
        await gateway.SendAsync("PUT", $"/v1/jobs/{put}", gateway.Job(put, more: more));

        Assert.Equal("created", (string?)Assert.Single(await ImportAsync(gateway.Job(imported, more: more)))["status"]);

        var jobs = new[] { imported, put }.Select(async id => (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json).ToList();
        var (one, other) = (await jobs[0], await jobs[1]);
        foreach (var member in new[] { "id", "createdAt", "updatedAt" })
            Assert.True(one.Remove(member) && other.Remove(member));
        Assert.Equal(other.ToJsonString().Replace(put, imported, StringComparison.Ordinal), one.ToJsonString());
        await gateway.RunAsync(imported);
    }

    [Fact]
    public async Task A_wrong_line_fails_alone_and_says_which_line_and_field()
    {
        var (a, b) = (RunningGateway.NewId(), RunningGateway.NewId());

        var results = await ImportAsync(
            gateway.Job(a),
            """{"id":"wrong-cron","schedule":{"cron":"x"},"target":{"http":{"url":"https://example.com"}}}""",
            """{"id":"wrong-fields","schedule":{"every":"1h"},"target":{"http":{"url":"nowhere"}},"retry":{"maxRetries":9}}""",
            """{"id":"unknown","schedule":{"every":"1h"},"target":{"http":{"url":"https://example.com","bdy":1}}}""",
            """{"id":"no/id","schedule":{"every":"1h"},"target":{"http":{"url":"https://example.com"}}}""",
            """{"id":"twice","id":"twice","schedule":{"every":"1h"},"target":{"http":{"url":"https://example.com"}}}""",
            """{"id":"state","state":"deleted","schedule":{"every":"1h"},"target":{"http":{"url":"https://example.com"}}}""",
            """{"id":"null-state","state":null,"schedule":{"every":"1h"},"target":{"http":{"url":"https://example.com"}}}""",
            """{"id":"missing","schedule":{"every":"1h"}}""",
            "not json",
            "[1]",
            gateway.Job(b));

        Assert.Equal(["created", .. Enumerable.Repeat("failed", 10), "created"], results.Select(r => (string)r["status"]!));
        Assert.Equal(Enumerable.Range(1, 12), results.Select(r => (int)r["line"]!));
        Assert.Equal(("wrong-cron", "schedule.invalid"), ((string?)results[1]["id"], (string?)results[1]["error"]!["code"]));
        Assert.Equal(["/schedule/cron"], Pointers(results[1]));
        Assert.Equal(["/retry/maxRetries", "/target/http/url"], Pointers(results[2]).Order());
        Assert.Contains("/target/http/url must be", (string)results[2]["error"]!["detail"]!, StringComparison.Ordinal);
        Assert.Equal(["/target/http/bdy"], Pointers(results[3]));
        Assert.Equal(["/id"], Pointers(results[4]));
        Assert.Equal(["/state"], Pointers(results[6]));
        Assert.Equal(["/state"], Pointers(results[7]));
        Assert.Equal(["/target"], Pointers(results[8]));
        foreach (var broken in new[] { 5, 9, 10 })
        {
            Assert.Equal("request.invalid", (string?)results[broken]["error"]!["code"]);
            Assert.Null(results[broken]["id"]);
            Assert.StartsWith("the line ", (string)results[broken]["error"]!["detail"]!, StringComparison.Ordinal);
        }

        Assert.Equal(404, (await gateway.SendAsync("GET", "/v1/jobs/wrong-cron")).Status);
    }

    [Fact]
    public async Task The_same_id_twice_is_handled_in_order()
    {
        var id = RunningGateway.NewId();

        var results = await ImportAsync(gateway.Job(id), gateway.Job(id, more: ""","description":"2" """), gateway.Job(id, more: ""","description":"2" """), gateway.Job(id, more: ""","description":"3","state":"paused" """));

        Assert.Equal(["created", "updated", "unchanged", "updated"], results.Select(r => (string)r["status"]!));
        var job = (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Json;
        Assert.Equal((3, "3", "paused"), ((int)job["version"]!, (string?)job["description"], (string?)job["state"]));
    }

    [Fact]
    public async Task Empty_lines_are_passed_over_and_count_and_any_line_end_does()
    {
        var (a, b) = (RunningGateway.NewId(), RunningGateway.NewId());

        var results = await SendAsync($"\uFEFF{gateway.Job(a)}\r\n\r\n  \n{gateway.Job(b)}");

        Assert.Equal([(1, a), (4, b)], results.Select(r => ((int)r["line"]!, (string)r["id"]!)));
        Assert.Empty(await SendAsync(""));
    }

    [Fact]
    public async Task A_line_that_is_too_long_fails_alone()
    {
        var (a, b) = (RunningGateway.NewId(), RunningGateway.NewId());

        var results = await ImportAsync(gateway.Job(a), new string('x', 5_000_000), gateway.Job(b, more: $$""","description":"{{new string(' ', 1024 * 1024)}}" """), gateway.Job(b));

        Assert.Equal([(1, "created"), (2, "failed"), (3, "failed"), (4, "created")], results.Select(r => ((int)r["line"]!, (string)r["status"]!)));
        Assert.Equal(["request.too_large", "request.too_large"], results.Where(r => r["error"] is not null).Select(r => (string)r["error"]!["code"]!));
    }

    [Fact]
    public async Task Ids_are_made_up_when_left_out_and_the_same_ones_for_the_same_key()
    {
        const string line = """{"schedule":{"every":"1h"},"target":{"nats":{"subject":"orders.created"}}}""";
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());

        var first = await SendAsync($"{line}\n{line}", key);
        var again = await SendAsync($"{line}\n{line}", key);
        var other = await SendAsync($"{line}\n{line}");

        Assert.Equal(["created", "created"], first.Select(r => (string)r["status"]!));
        Assert.Equal(["unchanged", "unchanged"], again.Select(r => (string)r["status"]!));
        Assert.Equal(first.Select(r => (string)r["id"]!), again.Select(r => (string)r["id"]!));
        Assert.Equal(4, first.Concat(other).Select(r => (string)r["id"]!).Distinct().Count());
    }

    [Fact]
    public async Task A_key_of_another_request_is_refused()
    {
        var key = Guid.NewGuid().ToString();
        await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(RunningGateway.NewId()), ("Idempotency-Key", key));

        (await PostAsync(gateway.Job(RunningGateway.NewId()), "application/x-ndjson", ("Idempotency-Key", key))).IsProblem(422, "idempotency.mismatch");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    public async Task Another_media_type_is_refused(string type) =>
        (await PostAsync(gateway.Job(RunningGateway.NewId()), type)).IsProblem(415, "request.media_type");

    [Fact]
    public async Task A_parameter_is_refused()
    {
        using var lines = new StringContent("{}", Encoding.UTF8, "application/x-ndjson");
        using var answer = await gateway.Http.PostAsync(new Uri($"{Path}?dry=1", UriKind.Relative), lines);

        Assert.Equal(["?dry"], (await Reply.OfAsync(answer)).Pointers());
    }

    [Fact]
    public async Task A_page_from_elsewhere_can_import_nothing() =>
        (await PostAsync(gateway.Job(RunningGateway.NewId()), "application/x-ndjson", ("Origin", "https://evil.example"))).IsProblem(403, "auth.cross_site");

    [Fact]
    public async Task A_body_of_many_batches_is_answered_whole()
    {
        const int jobs = 10_000;
        var prefix = RunningGateway.NewId();

        var results = await SendAsync(string.Join('\n', Enumerable.Range(0, jobs).Select(i => $$$"""{"id":"{{{prefix}}}-{{{i}}}","state":"paused","tags":{"of":"{{{prefix}}}"},"schedule":{"cron":"0 0 1 1 *"},"target":{"http":{"url":"{{{gateway.Sink.Url}}}"} } }""")));

        Assert.Equal(Enumerable.Range(1, jobs), results.Select(r => (int)r["line"]!));
        Assert.All(results, r => Assert.Equal("created", (string?)r["status"]));
        Assert.Equal(jobs, (await gateway.SendAsync("GET", $"/v1/jobs/export?tag=of:{prefix}")).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static IEnumerable<string> Pointers(JsonNode result) => result["error"]!["errors"]!.AsObject().Select(e => e.Key);

    private Task<List<JsonNode>> ImportAsync(params string[] lines) => SendAsync(string.Join('\n', lines) + "\n");

    private async Task<List<JsonNode>> SendAsync(string body, params (string Name, string Value)[] headers)
    {
        var reply = await PostAsync(body, "application/x-ndjson", headers);
        Assert.Equal((200, "application/x-ndjson"), (reply.Status, reply.ContentType));
        return [.. reply.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private async Task<Reply> PostAsync(string body, string type, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Path, UriKind.Relative)) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await gateway.Http.SendAsync(request);
        return await Reply.OfAsync(response);
    }
}
