using System.Text;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class RefusalTests(RunningGateway gateway)
{
    private const string Target = "\"target\":{\"http\":{\"url\":\"https://example.com\"}}";
    private const string Schedule = "\"schedule\":{\"every\":\"1h\"}";

    [Theory]
    [InlineData("{" + Target + "}", "/schedule")]
    [InlineData("{" + Schedule + "}", "/target")]
    [InlineData("{" + Schedule + ",\"target\":{}}", "/target")]
    [InlineData("{" + Schedule + "," + Target + ",\"colour\":1}", "/colour")]
    [InlineData("{" + Target + ",\"schedule\":{\"evry\":\"1h\"}}", "/schedule/evry")]
    [InlineData("{" + Target + ",\"schedule\":{\"every\":\"1h\",\"cron\":\"* * * * *\"}}", "/schedule")]
    [InlineData("{" + Target + ",\"schedule\":{\"every\":3600}}", "/schedule/every")]
    [InlineData("{" + Target + ",\"schedule\":{\"at\":\"tomorrow\"}}", "/schedule/at")]
    [InlineData("{" + Target + ",\"schedule\":{\"at\":\"2026-12-01T03:00:00\"}}", "/schedule/at")]
    [InlineData("{" + Target + ",\"schedule\":\"daily\"}", "/schedule")]
    [InlineData("{" + Schedule + "," + Target + ",\"tags\":null}", "/tags")]
    [InlineData("{" + Schedule + "," + Target + ",\"tags\":{\"a\":1}}", "/tags/a")]
    [InlineData("{" + Schedule + "," + Target + ",\"overlap\":\"sometimes\"}", "/overlap")]
    [InlineData("{" + Schedule + "," + Target + ",\"overlap\":1}", "/overlap")]
    [InlineData("{" + Schedule + "," + Target + ",\"retry\":{\"maxRetries\":9}}", "/retry/maxRetries")]
    [InlineData("{" + Schedule + "," + Target + ",\"retry\":{\"maxRetries\":\"2\"}}", "/retry/maxRetries")]
    [InlineData("{" + Schedule + "," + Target + ",\"state\":\"asleep\"}", "/state")]
    [InlineData("{" + Schedule + "," + Target + ",\"id\":\"a b\"}", "/id")]
    [InlineData("{" + Schedule + "," + Target + ",\"id\":7}", "/id")]
    [InlineData("{" + Schedule + ",\"target\":{\"http\":{\"url\":\"https://example.com\",\"headers\":{\"Host\":\"x\"}}}}", "/target/http/headers/Host")]
    [InlineData("{" + Schedule + ",\"target\":{\"http\":{\"url\":\"https://example.com\",\"method\":\"GET\",\"body\":{}}}}", "/target/http/body")]
    [InlineData("{" + Schedule + ",\"target\":{\"http\":{}}}", "/target/http/url")]
    [InlineData("{" + Schedule + "," + Schedule + "," + Target + "}", "")]
    [InlineData("{", "")]
    [InlineData("[]", "")]
    [InlineData("", "")]
    public async Task A_bad_job_is_refused_by_the_place_of_its_fault(string body, string pointer)
    {
        var reply = await gateway.SendAsync("POST", "/v1/jobs", body);

        Assert.Equal((400, "application/problem+json"), (reply.Status, reply.ContentType));
        foreach (var member in new[] { "type", "title", "status", "detail", "code", "traceId", "errors" })
            Assert.True(reply.Json.ContainsKey(member), member);
        Assert.True(reply.Json["errors"]!.AsObject().ContainsKey(pointer), reply.Body);
    }

    [Fact]
    public async Task A_bad_schedule_has_a_code_of_its_own()
    {
        var reply = await gateway.SendAsync("POST", "/v1/jobs", "{\"schedule\":{\"cron\":\"0 0 30 2 *\"}," + Target + "}");

        Assert.Equal("schedule.invalid", (string?)reply.Json["code"]);
        Assert.Contains("never fires", (string?)reply.Json["detail"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/jobs?limit=0", "?limit")]
    [InlineData("/v1/jobs?limit=501", "?limit")]
    [InlineData("/v1/jobs?cursor=!!", "?cursor")]
    [InlineData("/v1/jobs?state=deleted", "?state")]
    [InlineData("/v1/jobs?tag=x", "?tag")]
    [InlineData("/v1/jobs?colour=red", "?colour")]
    [InlineData("/v1/executions?status=odd", "?status")]
    [InlineData("/v1/executions?from=yesterday", "?from")]
    [InlineData("/v1/executions?cursor=abc", "?cursor")]
    [InlineData("/v1/jobs/x/upcoming?count=-1", "?count")]
    public async Task A_bad_parameter_is_refused_by_name(string path, string pointer)
    {
        var reply = await gateway.SendAsync("GET", path);

        Assert.Equal(400, reply.Status);
        Assert.True(reply.Json["errors"]!.AsObject().ContainsKey(pointer), reply.Body);
    }

    [Fact]
    public async Task Other_media_types_and_large_bodies_are_refused()
    {
        using var form = new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var unsupported = await gateway.Http.PostAsync(new Uri("/v1/jobs", UriKind.Relative), form);
        Assert.Equal(415, (int)unsupported.StatusCode);

        var large = await gateway.SendAsync("POST", "/v1/jobs", "{\"description\":\"" + new string('x', 1024 * 1024) + "\"}");
        Assert.Equal((413, "request.too_large"), (large.Status, (string?)large.Json["code"]));
    }

    [Fact]
    public async Task What_is_not_there_is_404()
    {
        Assert.Equal("job.not_found", (string?)(await gateway.SendAsync("GET", "/v1/jobs/nothing")).Json["code"]);
        Assert.Equal("job.not_found", (string?)(await gateway.SendAsync("POST", "/v1/jobs/nothing/trigger")).Json["code"]);
        Assert.Equal("execution.not_found", (string?)(await gateway.SendAsync("GET", "/v1/executions/nothing@20260101T000000Z")).Json["code"]);
        Assert.Equal("execution.not_found", (string?)(await gateway.SendAsync("GET", "/v1/executions/nothing")).Json["code"]);
        Assert.Equal("route.not_found", (string?)(await gateway.SendAsync("GET", "/v1/colours")).Json["code"]);
    }

    [Fact]
    public async Task A_page_in_a_browser_cannot_reach_the_gateway_under_another_name()
    {
        var reply = await gateway.SendAsync("GET", "/v1/jobs", null, ("Host", "evil.example"));

        Assert.Equal((403, "auth.loopback_only"), (reply.Status, (string?)reply.Json["code"]));
    }
}
