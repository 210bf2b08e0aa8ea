namespace CronCloud.Gateway.Tests;

/// <summary>Each fault of a job is told by the JSON pointer of its field, and by no other.</summary>
[Collection(nameof(RunningGateway))]
public sealed class JobFaultTests(RunningGateway gateway)
{
    [Theory]
    [InlineData("null", "/schedule")]
    [InlineData("{}", "/schedule")]
    [InlineData("""{"cron":"* * *"}""", "/schedule/cron")]
    [InlineData("""{"cron":"0 3 * * *","timeZone":"Mars/Olympus"}""", "/schedule/timeZone")]
    [InlineData("""{"every":"soon"}""", "/schedule/every")]
    [InlineData("""{"every":"500ms"}""", "/schedule/every")]
    [InlineData("""{"every":"1h","timeZone":"UTC"}""", "/schedule/timeZone")]
    [InlineData("""{"at":"2026-12-01"}""", "/schedule/at")]
    [InlineData("""{"every":"1h","jitter":"2d"}""", "/schedule/jitter")]
    [InlineData("""{"every":"1h","startAt":"2027-01-02T00:00:00Z","endAt":"2027-01-01T00:00:00Z"}""", "/schedule/endAt")]
    public Task A_bad_schedule_is_refused(string schedule, string pointer) =>
        RefusesAsync($$$$"""{"schedule":{{{{schedule}}}},"target":{"http":{"url":"https://example.com"}}}""", pointer, "schedule.invalid");

    [Theory]
    [InlineData("null", "/target")]
    [InlineData("""{"http":{"url":"https://example.com"},"nats":{"subject":"a"}}""", "/target")]
    [InlineData("""{"http":{"url":"https://example.com","colour":1}}""", "/target/http/colour")]
    [InlineData("""{"http":{"url":null}}""", "/target/http/url")]
    [InlineData("""{"http":{"url":"example.com"}}""", "/target/http/url")]
    [InlineData("""{"http":{"url":"ftp://example.com"}}""", "/target/http/url")]
    [InlineData("""{"http":{"url":"https://user:secret@example.com"}}""", "/target/http/url")]
    [InlineData("""{"http":{"url":"https://example.com","method":"post"}}""", "/target/http/method")]
    [InlineData("""{"http":{"url":"https://example.com","method":"CONNECT"}}""", "/target/http/method")]
    [InlineData("""{"http":{"url":"https://example.com","method":"HEAD","body":"x"}}""", "/target/http/body")]
    [InlineData("""{"http":{"url":"https://example.com","timeout":"soon"}}""", "/target/http/timeout")]
    [InlineData("""{"http":{"url":"https://example.com","timeout":30}}""", "/target/http/timeout")]
    [InlineData("""{"http":{"url":"https://example.com","timeout":"1h"}}""", "/target/http/timeout")]
    [InlineData("""{"http":{"url":"https://example.com","success":"2xx"}}""", "/target/http/success")]
    [InlineData("""{"http":{"url":"https://example.com","headers":[]}}""", "/target/http/headers")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"A":null}}}""", "/target/http/headers/A")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"A":1}}}""", "/target/http/headers/A")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"A B":"x"}}}""", "/target/http/headers/A B")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"A/~B":"x"}}}""", "/target/http/headers/A~1~0B")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"A":"x\r\nB: y"}}}""", "/target/http/headers/A")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"A":"x","a":"y"}}}""", "/target/http/headers")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"Content-Length":"1"}}}""", "/target/http/headers/Content-Length")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"Transfer-Encoding":"chunked"}}}""", "/target/http/headers/Transfer-Encoding")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"idempotency-key":"1"}}}""", "/target/http/headers/idempotency-key")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"CronCloud-Job":"1"}}}""", "/target/http/headers/CronCloud-Job")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"Webhook-Signature":"1"}}}""", "/target/http/headers/Webhook-Signature")]
    [InlineData("""{"http":{"url":"https://example.com","headers":{"traceparent":"1"}}}""", "/target/http/headers/traceparent")]
    [InlineData("""{"nats":{"subject":"a.*"}}""", "/target/nats/subject")]
    [InlineData("""{"nats":{"subject":"croncloud.trigger.default.x"}}""", "/target/nats/subject")]
    public Task A_bad_target_is_refused(string target, string pointer) => RefusesAsync($$$$"""{"schedule":{"every":"1h"},"target":{{{{target}}}}}""", pointer);

    [Theory]
    [InlineData("\"id\":null", "/id")]
    [InlineData("\"id\":\"\"", "/id")]
    [InlineData("\"id\":\"a/b\"", "/id")]
    [InlineData("\"state\":null", "/state")]
    [InlineData("\"state\":[\"active\"]", "/state")]
    [InlineData("\"description\":7", "/description")]
    [InlineData("\"description\":\"a\\u0000b\"", "/description")]
    [InlineData("\"tags\":[]", "/tags")]
    [InlineData("\"tags\":{\"a\":null}", "/tags/a")]
    [InlineData("\"tags\":{\"a:b\":\"c\"}", "/tags/a:b")]
    [InlineData("\"tags\":{\"a.b\":1}", "/tags/a.b")]
    [InlineData("\"tags\":{\"a/b\":1}", "/tags/a~1b")]
    [InlineData("\"a/b\":1", "/a~1b")]
    [InlineData("\"it's\":1", "/it's")]
    [InlineData("\"Description\":\"x\"", "/Description")]
    [InlineData("\"retry\":null", "/retry")]
    [InlineData("\"retry\":{\"maxRetries\":6}", "/retry/maxRetries")]
    [InlineData("\"retry\":{\"maxRetries\":-1}", "/retry/maxRetries")]
    [InlineData("\"retry\":{\"maxRetries\":1.5}", "/retry/maxRetries")]
    [InlineData("\"retry\":{\"maxRetries\":99999999999}", "/retry/maxRetries")]
    [InlineData("\"retry\":{\"multiplier\":1e400}", "/retry/multiplier")]
    [InlineData("\"retry\":{\"initialDelay\":\"2h\"}", "/retry/maxDelay")]
    [InlineData("\"retry\":{\"jitter\":\"yes\"}", "/retry/jitter")]
    [InlineData("\"catchUp\":{\"policy\":\"some\"}", "/catchUp/policy")]
    [InlineData("\"catchUp\":{\"window\":\"31d\"}", "/catchUp/window")]
    [InlineData("\"alerts\":{\"channels\":[\"ops\",null]}", "/alerts/channels/1")]
    [InlineData("\"alerts\":{\"channels\":[\"ops\",7]}", "/alerts/channels/1")]
    [InlineData("\"alerts\":{\"consecutiveFailures\":0}", "/alerts/consecutiveFailures")]
    [InlineData("\"alerts\":{\"remindEvery\":\"4m\"}", "/alerts/remindEvery")]
    [InlineData("\"alerts\":{\"remindEvery\":\"8d\"}", "/alerts/remindEvery")]
    public Task A_bad_member_is_refused(string member, string pointer) =>
        RefusesAsync($$$$"""{"schedule":{"every":"1h"},"target":{"http":{"url":"https://example.com"}},{{{{member}}}}}""", pointer);

    [Fact]
    public async Task Several_faults_are_told_at_once() => Assert.Equal(
        ["/retry/maxRetries", "/schedule/cron", "/target/http/method"],
        (await gateway.SendAsync("POST", "/v1/jobs", """{"schedule":{"cron":"x"},"target":{"http":{"url":"https://example.com","method":"X"}},"retry":{"maxRetries":9}}""")).Pointers().Order(StringComparer.Ordinal));

    private async Task RefusesAsync(string body, string pointer, string code = "request.invalid")
    {
        var reply = await gateway.SendAsync("POST", "/v1/jobs", body);

        reply.IsProblem(400, code);
        Assert.Equal([pointer], reply.Pointers());
    }
}
