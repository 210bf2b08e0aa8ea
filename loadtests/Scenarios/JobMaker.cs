using System.Globalization;
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

    /// <summary>An instant as the API takes it.</summary>
    public static string Text(DateTimeOffset instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static async Task ImportAsync(HttpClient http, object[] jobs)
    {
        using var body = new MemoryStream();
        foreach (var job in jobs)
        {
            await JsonContent.Create(job).CopyToAsync(body);
            body.WriteByte((byte)'\n');
        }

        await ImportRequest.SendAsync(http, body.ToArray(), "created");
    }
}
