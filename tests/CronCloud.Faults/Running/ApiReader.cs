using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Running;

/// <summary>What the API shows: jobs and history, all pages.</summary>
public sealed class ApiReader(Func<Uri> api, TimeProvider time) : IDisposable
{
    private const int Tries = 20;
    private static readonly TimeSpan TryPause = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>A reading of each of the jobs, also of those that are not there.</summary>
    public async Task<IReadOnlyList<JobReading>> ReadJobsAsync(IEnumerable<string> jobs)
    {
        var at = time.GetUtcNow();
        var there = new Dictionary<string, JobReading>();
        await foreach (var job in PagesAsync("/v1/jobs?limit=500"))
        {
            var id = (string)job["id"]!;
            there[id] = new JobReading(id, at, new Uri((string)job["target"]!["http"]!["url"]!).AbsolutePath, (string?)job["state"] == "paused");
        }

        return [.. jobs.Distinct().Select(id => there.GetValueOrDefault(id) ?? new JobReading(id, at, null, false))];
    }

    public async Task<IReadOnlyList<RecordedExecution>> ReadHistoryAsync(DateTimeOffset from, DateTimeOffset until)
    {
        var executions = new List<RecordedExecution>();
        await foreach (var execution in PagesAsync($"/v1/executions?limit=500&from={Text(from)}&to={Text(until.AddMilliseconds(1))}"))
            executions.Add(Recorded(execution));
        return executions;
    }

    /// <summary>Null when the API does not know it.</summary>
    public async Task<RecordedExecution?> FindAsync(string execution)
    {
        using var answer = await _http.GetAsync(new Uri(api(), $"/v1/executions/{execution}"));
        return answer.StatusCode == HttpStatusCode.OK ? Recorded((await answer.Content.ReadFromJsonAsync<JsonObject>())!) : null;
    }

    public void Dispose() => _http.Dispose();

    private async IAsyncEnumerable<JsonObject> PagesAsync(string path)
    {
        string? cursor = null;
        do
        {
            var page = await GetAsync(cursor is null ? path : $"{path}&cursor={Uri.EscapeDataString(cursor)}");
            foreach (var item in page["items"]!.AsArray())
                yield return item!.AsObject();
            cursor = (string?)page["nextCursor"];
        }
        while (cursor is not null);
    }

    /// <summary>A gateway or a record that was away a moment ago: as any client of the API, it asks again.</summary>
    private async Task<JsonObject> GetAsync(string path)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return (await _http.GetFromJsonAsync<JsonObject>(new Uri(api(), path)))!;
            }
            catch (HttpRequestException away) when (away.StatusCode is null or HttpStatusCode.ServiceUnavailable && tries < Tries)
            {
            }

            await Task.Delay(TryPause, time);
        }
    }

    private static RecordedExecution Recorded(JsonObject json) => new(
        (string)json["jobId"]!,
        (string)json["executionId"]!,
        Instant(json["scheduledAt"]!),
        (string)json["status"]!,
        [.. json["attempts"]!.AsArray().Select(a => new RecordedAttempt((int)a!["number"]!, (string)a["outcome"]!, (int?)a["statusCode"], (string?)a["error"], Instant(a["startedAt"]!)))]);

    private static DateTimeOffset Instant(JsonNode json) => DateTimeOffset.Parse((string)json!, CultureInfo.InvariantCulture);

    private static string Text(DateTimeOffset instant) => Uri.EscapeDataString(instant.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
}
