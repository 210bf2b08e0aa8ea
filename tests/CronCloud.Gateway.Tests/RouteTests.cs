namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class RouteTests(RunningGateway gateway)
{
    [Theory]
    [InlineData("GET", "/nothing", 404, "route.not_found")]
    [InlineData("GET", "/v1", 404, "route.not_found")]
    [InlineData("GET", "/v1/colours", 404, "route.not_found")]
    [InlineData("GET", "/v1/colours.json", 404, "route.not_found")]
    [InlineData("GET", "/openapi/v2.json", 404, "route.not_found")]
    [InlineData("DELETE", "/v1/jobs", 405, "route.method_not_allowed")]
    [InlineData("GET", "/v1/jobs/x/trigger", 405, "route.method_not_allowed")]
    [InlineData("POST", "/health/live", 405, "route.method_not_allowed")]
    [InlineData("POST", "/v1/jobs/a%20b/pause", 404, "job.not_found")]
    [InlineData("POST", "/v1/jobs/a%2Fb/trigger", 404, "job.not_found")]
    [InlineData("POST", "/v1/jobs/%C3%A9/resume", 404, "job.not_found")]
    [InlineData("DELETE", "/v1/jobs/a%20b", 404, "job.not_found")]
    [InlineData("GET", "/v1/jobs/nothing/upcoming", 404, "job.not_found")]
    [InlineData("GET", "/v1/jobs/nothing/revisions", 404, "job.not_found")]
    [InlineData("GET", "/v1/executions/a@b@c", 404, "execution.not_found")]
    [InlineData("GET", "/v1/executions/a@%01", 404, "execution.not_found")]
    public async Task What_is_not_there_is_a_problem(string method, string path, int status, string code)
    {
        var reply = await gateway.SendAsync(method, path);

        reply.IsProblem(status, code);
        Assert.Equal(status == 405, reply.Headers.ContainsKey("Allow"));
    }
}
