using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

public sealed class StopTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-stop-").FullName;
    private WebhookSink _sink = null!;

    public async Task InitializeAsync() => _sink = await WebhookSink.StartAsync();

    public async Task DisposeAsync()
    {
        await _sink.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task SIGTERM_lets_a_running_attempt_end_and_the_next_start_knows_what_came_of_it()
    {
        string executionId;
        await using (var first = await StartAsync())
        {
            using var body = JsonContent.Create(new { id = "slow", schedule = new { every = "300d" }, target = new { http = new { url = $"{_sink.Url}/slow/1500/slow" } } });
            using var created = await first.Http.PutAsync(new Uri("/v1/jobs/slow", UriKind.Relative), body);
            Assert.Equal(201, (int)created.StatusCode);
            using var triggered = await first.Http.PostAsync(new Uri("/v1/jobs/slow/trigger", UriKind.Relative), null);
            executionId = (string)(await triggered.Content.ReadFromJsonAsync<JsonObject>())!["executionId"]!;
            await _sink.UntilAsync(1, _ => true, TimeSpan.FromSeconds(20));

            Assert.Equal(0, await first.StopAsync());
        }

        await using var second = await StartAsync();
        var execution = await EndedAsync(second, executionId);
        Assert.Equal(("succeeded", "slow"), ((string?)execution["status"], (string?)execution["attempts"]![0]!["output"]));
        Assert.Single(_sink.Received);
    }

    private static async Task<JsonObject> EndedAsync(CronCloudProcess gateway, string executionId)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var execution = await gateway.Http.GetFromJsonAsync<JsonObject>(new Uri($"/v1/executions/{executionId}", UriKind.Relative));
            if ((string?)execution!["status"] is not "running")
                return execution;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        throw new TimeoutException($"{executionId} did not end.");
    }

    private async Task<CronCloudProcess> StartAsync()
    {
        var process = await CronCloudProcess.StartGatewayAsync(FreePort.Next(), new Dictionary<string, string> { ["CronCloud__DataDirectory"] = _folder, ["CronCloud__Targets__AllowPrivateNetworks"] = "true" });
        await process.UntilReadyAsync();
        return process;
    }
}
