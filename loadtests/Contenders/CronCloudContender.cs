using System.Diagnostics;
using System.Globalization;
using CronCloud.LoadTests.Scenarios;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Contenders;

/// <summary>Nodes and a gateway on Redis, NATS, PostgreSQL and ClickHouse, with history on.</summary>
internal sealed class CronCloudContender : IContender
{
    private readonly ClusterInstallation _cluster;
    private readonly string _sink;

    private CronCloudContender(ClusterInstallation cluster, string sink) => (_cluster, _sink) = (cluster, sink);

    public static async Task<IContender> StartAsync(string sink, int nodes) => new CronCloudContender(await ClusterInstallation.StartAsync(nodes: nodes), sink);

    public TimeSpan MakingTakesAtMost(int jobs) => TimeSpan.FromSeconds(5 + (jobs / JobMaker.PerSecond));

    public Task<double> MakeHerdAsync(string name, int jobs, DateTimeOffset due) =>
        MakeAsync(name, jobs, _ => new { at = Text(due) });

    public Task<double> MakeSteadyAsync(string name, int jobs, DateTimeOffset start, DateTimeOffset end) =>
        MakeAsync(name, jobs, i => new { every = "1s", anchor = Text(start.AddMilliseconds(1_000 * i / jobs)), endAt = Text(end.AddMilliseconds(-1)) });

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private async Task<double> MakeAsync(string name, int jobs, Func<int, object> schedule)
    {
        var started = Stopwatch.GetTimestamp();
        await JobMaker.MakeAsync(_cluster, Enumerable.Range(0, jobs).Select(i => new
        {
            id = $"{name}-{i}",
            schedule = schedule(i),
            target = new { http = new { url = $"{_sink}/{name}-{i}" } },
        }));
        return jobs / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static string Text(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
