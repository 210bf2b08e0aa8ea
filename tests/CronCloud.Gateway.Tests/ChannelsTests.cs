using System.Text.Json.Nodes;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class ChannelsTests(RunningGateway gateway)
{
    private const string Mail = """{"email":{"to":["ops@example.com","boss@example.com"]}}""";

    [Fact]
    public async Task A_webhook_tells_its_secret_once()
    {
        var id = NewId();

        var created = await PutAsync(id, Hook(id));
        var again = await PutAsync(id, Hook(id));
        var moved = await PutAsync(id, Hook(id + "/2"));
        var read = await gateway.SendAsync("GET", $"/v1/channels/{id}");

        Assert.Equal((201, $"/v1/channels/{id}", "no-store"), (created.Status, created.Headers["Location"], created.Headers["Cache-Control"]));
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", (string?)created.Json["secret"]);
        Assert.Equal((id, 1, $"{gateway.Sink.Url}/ok/{id}"), ((string?)created.Json["id"], (int)created.Json["version"]!, (string?)created.Json["webhook"]!["url"]));
        Assert.Equal((200, 200, 200), (again.Status, moved.Status, read.Status));
        Assert.All([again, moved, read], reply => Assert.False(reply.Json.ContainsKey("secret")));
        Assert.Equal((1, 2), ((int)again.Json["version"]!, (int)moved.Json["version"]!));
        Assert.True(JsonNode.DeepEquals(moved.Json, read.Json));
    }

    [Fact]
    public async Task A_webhook_that_is_made_anew_has_another_secret()
    {
        var id = NewId();

        var first = await PutAsync(id, Hook(id));
        Assert.Equal(204, (await gateway.SendAsync("DELETE", $"/v1/channels/{id}")).Status);
        var second = await PutAsync(id, Hook(id));

        Assert.Equal(201, second.Status);
        Assert.NotEqual((string?)first.Json["secret"], (string?)second.Json["secret"]);
        Assert.NotEqual(first.Headers["ETag"], second.Headers["ETag"]);
    }

    [Fact]
    public async Task What_was_read_can_be_sent_back_and_a_channel_may_change_its_kind()
    {
        var id = NewId();

        var mail = await PutAsync(id, Mail);
        var back = await PutAsync(id, (await gateway.SendAsync("GET", $"/v1/channels/{id}")).Body);
        var hook = await PutAsync(id, Hook(id));

        Assert.Equal((201, 200, 200), (mail.Status, back.Status, hook.Status));
        Assert.Equal(mail.Headers["ETag"], back.Headers["ETag"]);
        Assert.Equal(["ops@example.com", "boss@example.com"], back.Json["email"]!["to"]!.AsArray().Select(a => (string)a!));
        Assert.False(mail.Json.ContainsKey("secret"));
        Assert.Null(hook.Json["email"]);
        Assert.NotNull(hook.Json["secret"]);
    }

    [Fact]
    public async Task Preconditions_are_honoured()
    {
        var id = NewId();
        Assert.Equal(412, (await PutAsync(id, Mail, ("If-Match", "*"))).Status);
        var tag = (await PutAsync(id, Mail, ("If-None-Match", "*"))).Headers["ETag"];

        (await PutAsync(id, Hook(id), ("If-None-Match", "*"))).IsProblem(412, "channel.version_conflict");
        (await PutAsync(id, Hook(id), ("If-Match", "\"7\""))).IsProblem(412, "channel.version_conflict");
        Assert.Equal(412, (await PutAsync(id, Hook(id), ("If-Match", $"W/{tag}"))).Status);
        Assert.Equal(412, (await gateway.SendAsync("DELETE", $"/v1/channels/{id}", null, ("If-Match", "\"7\""))).Status);
        Assert.Equal(304, (await gateway.SendAsync("GET", $"/v1/channels/{id}", null, ("If-None-Match", tag))).Status);
        var next = await PutAsync(id, Hook(id), ("If-Match", $"\"7\", {tag}"));
        Assert.Equal(200, next.Status);
        Assert.Equal(412, (await gateway.SendAsync("DELETE", $"/v1/channels/{id}", null, ("If-Match", tag))).Status);
        Assert.Equal(204, (await gateway.SendAsync("DELETE", $"/v1/channels/{id}", null, ("If-Match", next.Headers["ETag"]))).Status);
    }

    [Fact]
    public async Task A_write_with_a_key_gets_the_same_answer_again_and_leaves_no_secret_behind()
    {
        var (id, key) = (NewId(), ("Idempotency-Key", Guid.NewGuid().ToString()));

        var first = await PutAsync(id, Hook(id), key);
        var again = await PutAsync(id, Hook(id), key);
        (await PutAsync(id, Mail, key)).IsProblem(422, "idempotency.mismatch");

        Assert.Equal((201, first.Body, first.Headers["ETag"]), (again.Status, again.Body, again.Headers["ETag"]));
        Assert.False(again.Headers.ContainsKey("Idempotency-Replayed")); // made anew: an answer with a secret is not kept
        await PutAsync(id, Mail);
        (await PutAsync(id, Hook(id), key)).IsProblem(412, "channel.version_conflict");
        Assert.NotNull((await gateway.SendAsync("GET", $"/v1/channels/{id}")).Json["email"]);
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("""{"webhook":{"url":"https://example.com"},"email":{"to":["a@example.com"]}}""", "")]
    [InlineData("""{"webhook":{}}""", "/webhook/url")]
    [InlineData("""{"webhook":{"url":null}}""", "/webhook/url")]
    [InlineData("""{"webhook":{"url":7}}""", "/webhook/url")]
    [InlineData("""{"webhook":{"url":"ftp://example.com"}}""", "/webhook/url")]
    [InlineData("""{"webhook":{"url":"/hook"}}""", "/webhook/url")]
    [InlineData("""{"webhook":{"url":"https://user:pw@example.com"}}""", "/webhook/url")]
    [InlineData("""{"webhook":{"url":"https://example.com","secret":"x"}}""", "/webhook/secret")]
    [InlineData("""{"email":{}}""", "/email/to")]
    [InlineData("""{"email":{"to":[]}}""", "/email/to")]
    [InlineData("""{"email":{"to":["ops"]}}""", "/email/to/0")]
    [InlineData("""{"email":{"to":["a@example.com",null]}}""", "/email/to/1")]
    [InlineData("""{"email":{"to":["a@example.com","b@example.com\r\nBcc: c@example.com"]}}""", "/email/to/1")]
    [InlineData("""{"email":{"to":["a@example.com","A@example.com"]}}""", "/email/to/1")]
    [InlineData("""{"email":{"to":["a@example.com"],"cc":[]}}""", "/email/cc")]
    [InlineData("""{"email":{"to":["a@example.com"]},"colour":"red"}""", "/colour")]
    [InlineData("""{"id":"another","email":{"to":["a@example.com"]}}""", "/id")]
    [InlineData("""{"slack":{"url":"https://example.com"}}""", "/slack")]
    public async Task Each_fault_is_told_by_its_place(string body, string pointer)
    {
        var id = NewId();

        var refused = await PutAsync(id, body);

        refused.IsProblem(400, "request.invalid");
        Assert.Contains(pointer, refused.Pointers());
        Assert.Equal(404, (await gateway.SendAsync("GET", $"/v1/channels/{id}")).Status);
    }

    [Fact]
    public async Task What_is_too_long_or_too_many_is_refused()
    {
        async Task<IEnumerable<string>> PointersAsync(string id, string body) => (await PutAsync(id, body)).Pointers();
        var many = string.Join(',', Enumerable.Range(0, 21).Select(i => $"\"a{i}@example.com\""));

        Assert.Equal(["/webhook/url"], await PointersAsync(NewId(), $$$"""{"webhook":{"url":"https://example.com/{{{new string('x', 2000)}}}"}}"""));
        Assert.Equal(["/email/to"], await PointersAsync(NewId(), $$$"""{"email":{"to":[{{{many}}}]}}"""));
        Assert.Equal(["/id"], await PointersAsync("a%20b", Mail));
        Assert.Equal(["/id"], await PointersAsync(new string('x', 129), Mail));
    }

    [Fact]
    public async Task Lists_are_paged_by_id()
    {
        var prefix = NewId();
        for (var i = 0; i < 3; i++)
            await PutAsync($"{prefix}-{i}", Mail);

        var all = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await gateway.SendAsync("GET", $"/v1/channels?limit=2{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            Assert.Equal(200, page.Status);
            all.AddRange(page.Ids());
            cursor = (string?)page.Json["nextCursor"];
        }

        Assert.Equal([$"{prefix}-0", $"{prefix}-1", $"{prefix}-2"], all.Where(id => id.StartsWith(prefix, StringComparison.Ordinal)));
        Assert.Equal(all.Order(StringComparer.Ordinal), all);
        Assert.Equal(400, (await gateway.SendAsync("GET", "/v1/channels?colour=red")).Status);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/test")]
    public async Task What_is_not_there_is_a_problem(string method, string path)
    {
        (await gateway.SendAsync(method, $"/v1/channels/{NewId()}{path}")).IsProblem(404, "channel.not_found");
        (await gateway.SendAsync(method, $"/v1/channels/a%20b{path}")).IsProblem(404, "channel.not_found");
    }

    [Fact]
    public async Task A_job_may_name_a_channel_before_there_is_one_and_after()
    {
        var id = await gateway.MakeJobAsync(more: ""","alerts":{"channels":["not-there-yet"]}""");

        Assert.Equal(200, (await gateway.SendAsync("GET", $"/v1/jobs/{id}")).Status);
    }

    [Theory]
    [InlineData("croncloud.channel.ops")]
    [InlineData("CronCloud.mine")]
    public async Task No_job_takes_an_id_of_ours(string id)
    {
        var refused = await gateway.SendAsync("PUT", $"/v1/jobs/{id}", gateway.Job(id));

        refused.IsProblem(400, "request.invalid");
        Assert.Equal(["/id"], refused.Pointers());
        Assert.Equal("must not begin with croncloud., which CronCloud keeps for itself", (string?)refused.Json["errors"]!["/id"]![0]);
    }

    internal static string NewId() => $"ch-{Guid.NewGuid():N}";

    private string Hook(string path) => $$$"""{"webhook":{"url":"{{{gateway.Sink.Url}}}/ok/{{{path}}}"}}""";

    private Task<Reply> PutAsync(string id, string body, params (string Name, string Value)[] headers) => gateway.SendAsync("PUT", $"/v1/channels/{id}", body, headers);
}
