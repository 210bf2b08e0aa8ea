using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class AccessTests(RunningGateway gateway)
{
    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3:80")]
    [InlineData("[::1]:80")]
    public async Task A_name_of_this_machine_is_served(string host) =>
        Assert.Equal(200, (await gateway.SendAsync("GET", "/v1/jobs?limit=1", null, ("Host", host))).Status);

    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("10.0.0.1")]
    [InlineData("0.0.0.0")]
    public async Task Another_name_is_refused_but_for_health(string host)
    {
        (await gateway.SendAsync("POST", "/v1/jobs", gateway.Job(RunningGateway.NewId()), ("Host", host))).IsProblem(403, "auth.loopback_only");
        (await gateway.SendAsync("GET", "/openapi/v1.json", null, ("Host", host))).IsProblem(403, "auth.loopback_only");
        (await gateway.SendAsync("GET", "/metrics", null, ("Host", host))).IsProblem(403, "auth.loopback_only");
        Assert.Equal(200, (await gateway.SendAsync("GET", "/health/live", null, ("Host", host))).Status);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://localhost.evil.example")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task Without_a_key_a_page_from_elsewhere_can_change_nothing(string header, string value)
    {
        var id = await gateway.MakeJobAsync();

        foreach (var (method, path) in new[] { ("POST", "/v1/dead-letters/redrive"), ("POST", $"/v1/jobs/{id}/trigger"), ("POST", $"/v1/jobs/{id}/pause"), ("DELETE", $"/v1/jobs/{id}") })
            (await gateway.SendAsync(method, path, null, (header, value))).IsProblem(403, "auth.cross_site");

        Assert.Equal("active", (string?)(await gateway.SendAsync("GET", $"/v1/jobs/{id}", null, (header, value))).Json["state"]);
    }

    [Theory]
    [InlineData("http://localhost:3000", "same-site")]
    [InlineData("http://127.0.0.1:8080", "same-origin")]
    [InlineData("http://[::1]:8080", "none")]
    public async Task A_page_of_this_machine_may(string origin, string site)
    {
        var id = await gateway.MakeJobAsync();

        Assert.Equal(200, (await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause", null, ("Origin", origin), ("Sec-Fetch-Site", site))).Status);
    }

    [Fact]
    public async Task A_key_is_asked_for_everywhere_but_at_health_and_under_any_name()
    {
        var folder = Directory.CreateTempSubdirectory("croncloud-access-").FullName;
        try
        {
            await using var process = await CronCloudProcess.StartGatewayAsync(FreePort.Next(), new Dictionary<string, string> { ["CronCloud__DataDirectory"] = folder, ["CronCloud__ApiKey"] = "s3cret" });
            await process.UntilReadyAsync();
            async Task<Reply> GetAsync(string path, params (string Name, string Value)[] headers)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
                foreach (var (name, value) in headers)
                    request.Headers.TryAddWithoutValidation(name, value);
                using var response = await process.Http.SendAsync(request);
                return await Reply.OfAsync(response);
            }

            foreach (var path in new[] { "/v1/jobs", "/openapi/v1.json", "/metrics", "/nothing" })
            {
                var refused = await GetAsync(path, ("Authorization", "Bearer s3cret2"));
                refused.IsProblem(401, "auth.required");
                Assert.Equal("Bearer", refused.Headers["WWW-Authenticate"]);
            }

            Assert.Equal(200, (await GetAsync("/health/ready")).Status);
            Assert.Equal(200, (await GetAsync("/v1/jobs", ("Authorization", "bearer s3cret"), ("Host", "cron.example"))).Status);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
