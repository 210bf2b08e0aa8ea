using System.Net.Http.Headers;
using System.Net.Http.Json;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Makes jobs by POST /v1/jobs/import.</summary>
internal static class JobMaker
{
    /// <summary>At least so many are made in a second.</summary>
    public const int PerSecond = 1_000;

    private const int LinesPerRequest = 20_000;

    public static async Task MakeAsync(Installation installation, IEnumerable<object> jobs)
    {
        foreach (var lines in jobs.Chunk(LinesPerRequest))
            await ImportAsync(installation.Http, lines);
    }

    public static async Task<Installation> StartAsync(Arguments arguments) =>
        arguments.Parts == "real" ? await ClusterInstallation.StartAsync() : await TwinInstallation.StartAsync();

    private static async Task ImportAsync(HttpClient http, object[] jobs)
    {
        using var body = new MemoryStream();
        foreach (var job in jobs)
        {
            await JsonContent.Create(job).CopyToAsync(body);
            body.WriteByte((byte)'\n');
        }

        body.Position = 0;
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/jobs/import", UriKind.Relative)) { Content = new StreamContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var made = 0;
        for (; await reader.ReadLineAsync() is { } line; made++)
        {
            if (!line.Contains("\"status\":\"created\"", StringComparison.Ordinal))
                throw new InvalidOperationException($"A job was refused: {line}");
        }

        if (made != jobs.Length)
            throw new InvalidOperationException($"Of {jobs.Length} jobs {made} were answered.");
    }
}
