using System.Net;
using System.Net.Http.Json;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Makes jobs over the API, sixteen at a time.</summary>
internal static class JobMaker
{
    public static Task MakeAsync(Installation installation, IEnumerable<object> jobs) =>
        Parallel.ForEachAsync(jobs, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (job, cancellation) =>
        {
            using var answer = await installation.Http.PostAsJsonAsync(new Uri("/v1/jobs", UriKind.Relative), job, cancellation);
            if (answer.StatusCode != HttpStatusCode.Created)
                throw new InvalidOperationException($"A job was refused: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellation)}");
        });

    public static async Task<Installation> StartAsync(Arguments arguments) =>
        arguments.Parts == "real" ? await ClusterInstallation.StartAsync() : await TwinInstallation.StartAsync();
}
