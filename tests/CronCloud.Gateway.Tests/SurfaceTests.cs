namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class SurfaceTests(RunningGateway gateway)
{
    [Fact]
    public async Task A_preview_tells_due_times_and_plain_English()
    {
        var reply = await gateway.SendAsync("POST", "/v1/schedules/preview", """{"schedule":{"cron":"0 3 * * MON-FRI","timeZone":"Europe/London"},"from":"2026-12-04T12:00:00Z","count":2}""");

        Assert.Equal("""{"occurrences":["2026-12-07T03:00:00Z","2026-12-08T03:00:00Z"],"description":"At 03:00, Monday through Friday (Europe/London)"}""", reply.Body);
        Assert.Equal("schedule.invalid", (string?)(await gateway.SendAsync("POST", "/v1/schedules/preview", """{"schedule":{"cron":"x"}}""")).Json["code"]);
        Assert.Equal(400, (await gateway.SendAsync("POST", "/v1/schedules/preview", """{"schedule":{"every":"1h"},"count":501}""")).Status);
    }

    [Fact]
    public async Task Health_names_each_dependency()
    {
        Assert.Equal(200, (await gateway.SendAsync("GET", "/health/live")).Status);
        var ready = await gateway.SendAsync("GET", "/health/ready");
        Assert.Equal("ready", (string?)ready.Json["status"]);
        Assert.Equal(["clickhouse", "nats", "redis", "sql"], ready.Json["dependencies"]!.AsObject().Select(d => d.Key).Order());
    }

    [Fact]
    public async Task The_API_describes_itself()
    {
        var paths = (await gateway.SendAsync("GET", "/openapi/v1.json")).Json["paths"]!.AsObject().Select(p => p.Key).ToList();

        foreach (var path in new[] { "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/import", "/v1/jobs/export", "/v1/jobs/{id}/pause", "/v1/jobs/{id}/resume", "/v1/jobs/{id}/trigger", "/v1/jobs/{id}/upcoming", "/v1/jobs/{id}/revisions", "/v1/jobs/{id}/executions", "/v1/executions", "/v1/executions/{executionId}", "/v1/schedules/preview", "/v1/channels", "/v1/channels/{id}", "/v1/channels/{id}/test", "/health/live", "/health/ready", "/v1/executions/{executionId}/timeline", "/v1/ledger", "/v1/incidents", "/v1/incidents/{id}", "/v1/incidents/{id}/acknowledge" })
            Assert.Contains(path, paths);
    }
}
