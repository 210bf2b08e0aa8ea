using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Running;

/// <summary>A client of the API that logs what it asks for and what it is told.</summary>
public sealed class JobsClient(Func<Uri> api, string sinkUrl, TimeProvider time) : IDisposable
{
    private const int AtOnce = 16;
    private const int Tries = 10;
    private static readonly TimeSpan TryPause = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public OperationLog Log { get; } = new(time);

    public Task<OperationResult> PutAsync(string job, JobShape shape) =>
        Log.DoAsync(job, OperationKind.Put, shape, () => SendAsync(() => _http.PutAsJsonAsync(Address($"/v1/jobs/{job}"), Body(shape))));

    public Task<OperationResult> PauseAsync(string job) => Log.DoAsync(job, OperationKind.Pause, null, () => SendAsync(() => _http.PostAsync(Address($"/v1/jobs/{job}/pause"), null)));

    public Task<OperationResult> ResumeAsync(string job, JobShape shape) => Log.DoAsync(job, OperationKind.Resume, shape, () => SendAsync(() => _http.PostAsync(Address($"/v1/jobs/{job}/resume"), null)));

    public Task<OperationResult> DeleteAsync(string job) => Log.DoAsync(job, OperationKind.Delete, null, () => SendAsync(() => _http.DeleteAsync(Address($"/v1/jobs/{job}"))));

    /// <summary>A job that is not taken is sent again: for some seconds after a node's death, its jobs have nobody to take changes.</summary>
    public Task PutAllAsync(IEnumerable<(string Job, JobShape Shape)> jobs) =>
        Parallel.ForEachAsync(jobs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (job, _) =>
        {
            for (var tries = 1; await PutAsync(job.Job, job.Shape) != OperationResult.Ok; tries++)
            {
                if (tries == Tries)
                    throw new InvalidOperationException($"Job {job.Job} was not made.");
                await Task.Delay(TryPause, time, CancellationToken.None);
            }
        });

    public void Dispose() => _http.Dispose();

    /// <summary>Refused is refused; what is no answer, or a server's error, leaves open whether it happened.</summary>
    private static async Task<OperationResult> SendAsync(Func<Task<HttpResponseMessage>> send)
    {
        try
        {
            using var answer = await send();
            return (int)answer.StatusCode switch
            {
                < 300 => OperationResult.Ok,
                < 500 => OperationResult.Failed,
                _ => OperationResult.Unknown,
            };
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            return OperationResult.Unknown;
        }
    }

    private Uri Address(string path) => new(api(), path);

    private JsonObject Body(JobShape shape) => new()
    {
        ["schedule"] = Schedule(shape.Plan),
        ["target"] = new JsonObject { ["http"] = new JsonObject { ["url"] = sinkUrl + shape.Path, ["timeout"] = "10s" } },
        ["retry"] = new JsonObject { ["maxRetries"] = shape.MaxRetries, ["initialDelay"] = string.Create(CultureInfo.InvariantCulture, $"{shape.InitialDelay.TotalSeconds}s"), ["jitter"] = false },
        ["overlap"] = shape.Overlap switch { OverlapRule.Skip => "skip", OverlapRule.Queue => "queue", _ => "allow" },
    };

    private static JsonObject Schedule(Plan plan)
    {
        switch (plan)
        {
            case Plan.Every every:
                var schedule = new JsonObject { ["every"] = string.Create(CultureInfo.InvariantCulture, $"{every.Period.TotalSeconds}s"), ["anchor"] = Text(every.Anchor) };
                if (every.End is { } end)
                    schedule["endAt"] = Text(end);
                return schedule;
            case Plan.Once once:
                return new JsonObject { ["at"] = Text(once.At) };
            default:
                throw new ArgumentOutOfRangeException(nameof(plan), plan, "No such plan.");
        }
    }

    private static string Text(DateTimeOffset instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
