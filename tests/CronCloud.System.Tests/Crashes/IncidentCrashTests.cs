using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.System.Tests.Crashes;

/// <summary>kill -9 between the opening of an incident and the message that tells of it.</summary>
public sealed class IncidentCrashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task What_was_opened_before_a_kill_is_told_after_it()
    {
        await using var croncloud = await TwinInstallation.StartAsync();
        await SendAsync(croncloud, HttpMethod.Put, "/v1/channels/ops", $$$"""{"webhook":{"url":"{{{croncloud.Sink.Url}}}/ok/ops"}}""");
        await SendAsync(croncloud, HttpMethod.Put, "/v1/jobs/bad", $$$$"""{"schedule":{"cron":"0 0 1 1 *"},"retry":{"maxRetries":0},"alerts":{"channels":["ops"]},"target":{"http":{"url":"{{{{croncloud.Sink.Url}}}}/status/500/bad"}}}""");
        await SendAsync(croncloud, HttpMethod.Post, "/v1/jobs/bad/trigger", null);

        // It is told of five seconds later at the soonest.
        var incident = await OpenedAsync(croncloud);
        await croncloud.Process.KillAsync();
        Assert.DoesNotContain(croncloud.Sink.Received, IsToOps);
        await croncloud.StartProcessAsync();

        var told = Assert.Single(await croncloud.Sink.UntilAsync(1, IsToOps, Patience));
        Assert.Equal(incident, (string?)JsonNode.Parse(told.Body)!["incidents"]![0]!["id"]);
    }

    private static bool IsToOps(ReceivedWebhook webhook) => webhook.Path == "/ok/ops";

    private static async Task<string> OpenedAsync(TwinInstallation croncloud)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var open = (await croncloud.Http.GetFromJsonAsync<JsonObject>("/v1/incidents?state=open&job=bad", limit.Token))!["items"]!.AsArray();
            if (open.Count > 0)
                return (string)open[0]!["id"]!;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
        }
    }

    private static async Task SendAsync(TwinInstallation croncloud, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await croncloud.Http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}
