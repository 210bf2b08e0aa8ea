using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

/// <summary>The gateway on its twins, as a process, and a sink for its webhooks: shared by all tests, each with jobs of its own.</summary>
[CollectionDefinition(nameof(RunningGateway))]
public sealed class RunningGateway : ICollectionFixture<RunningGateway>, IAsyncLifetime
{
    private const int LargeBody = 512 * 1024;

    private TwinInstallation _installation = null!;

    public WebhookSink Sink => _installation.Sink;

    public HttpClient Http => _installation.Http;

    public async Task InitializeAsync() => _installation = await TwinInstallation.StartAsync();

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    /// <summary>An id that no other test has.</summary>
    public static string NewId() => $"job-{Guid.NewGuid():N}";

    public async Task<Reply> SendAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        // A large body waits for the gateway's word: it may be refused unread, and the connection that is closed then could swallow the answer.
        request.Headers.ExpectContinue = body?.Length > LargeBody;
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request);
        return await Reply.OfAsync(response);
    }

    /// <summary>Makes a job that is due in a year, with a webhook to the sink.</summary>
    public async Task<string> MakeJobAsync(string path = "/ok", string more = "")
    {
        var id = NewId();
        var reply = await SendAsync("POST", "/v1/jobs", Job(id, path, more));
        Assert.Equal(201, reply.Status);
        return id;
    }

    /// <summary>A job's body; more is put in beside its members.</summary>
    public string Job(string id, string path = "/ok", string more = "") =>
        $$$"""{"id":"{{{id}}}","schedule":{"cron":"0 0 1 1 *"},"target":{"http":{"url":"{{{Sink.Url}}}{{{path}}}/{{{id}}}"}}{{{more}}}}""";

    /// <summary>Runs the job now, and returns its execution when that has a status other than running and retrying.</summary>
    public async Task<JsonObject> RunAsync(string id, string? body = null)
    {
        var triggered = await SendAsync("POST", $"/v1/jobs/{id}/trigger", body);
        Assert.Equal(202, triggered.Status);
        return await EndedAsync((string)triggered.Json["executionId"]!);
    }

    public async Task<JsonObject> EndedAsync(string executionId)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            var reply = await SendAsync("GET", $"/v1/executions/{executionId}");
            Assert.Equal(200, reply.Status);
            if ((string?)reply.Json["status"] is not ("running" or "retrying"))
                return reply.Json;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        throw new TimeoutException($"{executionId} did not end.");
    }
}

/// <summary>An answer of the API.</summary>
public sealed record Reply(int Status, string? ContentType, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonObject Json => (JsonObject)JsonNode.Parse(Body)!;

    public IEnumerable<string> Ids(string name = "id") => Json["items"]!.AsArray().Select(item => (string)item![name]!);

    /// <summary>The places of a refused request's faults.</summary>
    public IEnumerable<string> Pointers() => Json["errors"]!.AsObject().Select(e => e.Key);

    /// <summary>Asserts that the answer is an error as RFC 9457 has it, with all members.</summary>
    public void IsProblem(int status, string code)
    {
        Assert.True(Status == status, Body);
        Assert.Equal("application/problem+json", ContentType);
        Assert.Equal((status, code, $"https://croncloud.dev/problems/{code}"), ((int)Json["status"]!, (string?)Json["code"], (string?)Json["type"]));
        foreach (var member in new[] { "title", "detail", "traceId" })
            Assert.False(string.IsNullOrEmpty((string?)Json[member]), member);
    }

    public static async Task<Reply> OfAsync(HttpResponseMessage response) => new(
        (int)response.StatusCode,
        response.Content.Headers.ContentType?.MediaType,
        response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase),
        await response.Content.ReadAsStringAsync());
}
