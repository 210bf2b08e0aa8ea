using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.System.Tests.Crashes;

/// <summary>Jobs that are due at every whole second, and what must have come of them.</summary>
internal sealed class EverySecondJobs
{
    private readonly Installation _installation;
    private readonly Dictionary<string, DateTimeOffset> _since = [];

    private EverySecondJobs(Installation installation) => _installation = installation;

    public static async Task<EverySecondJobs> CreateAsync(Installation installation, int count, string prefix = "second")
    {
        var jobs = new EverySecondJobs(installation);
        for (var i = 0; i < count; i++)
            await jobs.CreateAsync($"{prefix}-{i}");
        return jobs;
    }

    /// <summary>Returns when each job has reached the sink for this due time.</summary>
    public Task UntilAsync(DateTimeOffset due, TimeSpan patience) =>
        _installation.Sink.UntilAsync(_since.Count, w => w.ScheduledAt == due, patience);

    /// <summary>Every whole second from a job's creation up to the instant has reached the sink, none early.</summary>
    public void AssertNoneMissing(DateTimeOffset until)
    {
        var received = _installation.Sink.Received;
        var arrived = received.Select(w => w.ExecutionId).ToHashSet();
        var missing = Expected(until).Where(id => !arrived.Contains(id)).ToList();
        Assert.True(missing.Count == 0, $"{missing.Count} executions are missing: {string.Join(", ", missing.Take(10))}");
        Assert.DoesNotContain(received, w => w.Lateness < TimeSpan.Zero);
    }

    /// <summary>History has a row of each of them, and says that it succeeded. What a killed writer held comes to another after its time to acknowledge.</summary>
    public async Task AssertAllInHistoryAsync(DateTimeOffset until)
    {
        foreach (var id in Expected(until))
        {
            var execution = await ReadAsync(id);
            Assert.Equal("succeeded", (string?)execution?["status"]);
        }
    }

    private async Task<JsonObject?> ReadAsync(string id)
    {
        for (var tries = 0; tries < 45; tries++)
        {
            using var answer = await _installation.Http.GetAsync(new Uri($"/v1/executions/{id}", UriKind.Relative));
            if (answer.StatusCode == HttpStatusCode.OK && await answer.Content.ReadFromJsonAsync<JsonObject>() is { } execution && (string?)execution["status"] == "succeeded")
                return execution;
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        }

        return null;
    }

    private async Task CreateAsync(string id)
    {
        var job = new
        {
            id,
            schedule = new { every = "1s", anchor = "2026-01-01T00:00:00Z" },
            target = new { http = new { url = $"{_installation.Sink.Url}/ok/{id}" } },
        };
        using var answer = await _installation.Http.PostAsJsonAsync(new Uri("/v1/jobs", UriKind.Relative), job);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        _since[id] = TimeProvider.System.GetUtcNow();
    }

    private IEnumerable<string> Expected(DateTimeOffset until)
    {
        foreach (var (id, since) in _since)
        {
            for (var due = DateTimeOffset.FromUnixTimeSeconds(since.ToUnixTimeSeconds() + 1); due <= until; due = due.AddSeconds(1))
                yield return $"{id}@{due:yyyyMMdd'T'HHmmss'Z'}";
        }
    }
}
