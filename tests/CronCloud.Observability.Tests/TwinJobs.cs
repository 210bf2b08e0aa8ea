using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>Jobs on an installation, and what became of them.</summary>
internal static class TwinJobs
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static async Task MakeAsync(this Installation installation, string id, object schedule, string path = "/ok")
    {
        using var answer = await installation.Http.PostAsJsonAsync(
            new Uri("/v1/jobs", UriKind.Relative),
            new { id, schedule, target = new { http = new { url = $"{installation.Sink.Url}{path}/{id}" } }, retry = new { maxRetries = 0 } });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Answers the execution's id.</summary>
    public static async Task<string> TriggerAsync(this Installation installation, string id, string? traceParent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v1/jobs/{id}/trigger", UriKind.Relative));
        if (traceParent is not null)
            request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        using var answer = await installation.Http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["executionId"]!;
    }

    /// <summary>The execution as history has it, when it has it.</summary>
    public static async Task<JsonObject> EndedAsync(this Installation installation, string executionId)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            using var answer = await installation.Http.GetAsync(new Uri($"/v1/executions/{executionId}", UriKind.Relative));
            if (answer.IsSuccessStatusCode && await answer.Content.ReadFromJsonAsync<JsonObject>() is { } execution && (string?)execution["status"] is not ("running" or "retrying"))
                return execution;
            await Task.Delay(Pause, TimeProvider.System);
        }

        throw new TimeoutException($"{executionId} did not end.");
    }
}
