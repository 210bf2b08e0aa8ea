using CronCloud.LoadTests.Metrics;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Steady load, and what the processes tell of themselves meanwhile at <c>/metrics</c>: jobs that are due every second, spread over it, one in fifty failing.</summary>
internal static class SteadyLoad
{
    private const int FailingOneIn = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public static async Task<SteadyLoadMeasured> RunAsync(Arguments arguments)
    {
        await using var installation = await JobMaker.StartAsync(arguments);
        var anchor = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 60);
        await JobMaker.MakeAsync(installation, Enumerable.Range(0, arguments.Jobs).Select(i => new
        {
            id = $"steady-{i}",
            schedule = new { every = "1s", anchor = anchor.AddMilliseconds(1_000.0 * i / arguments.Jobs) },
            target = new { http = new { url = $"{installation.Sink.Url}{(i % FailingOneIn == 0 ? "/status/503" : "/ok")}/steady-{i}" } },
            retry = new { maxRetries = 1, initialDelay = "2s" },
        }));

        var points = new List<MetricsPoint>();
        var first = await ScrapeAsync(installation);
        var (last, end) = (first, first.At.AddMinutes(arguments.Minutes));
        using var ticks = new PeriodicTimer(Interval, TimeProvider.System);
        while (last.At < end && await ticks.WaitForNextTickAsync())
        {
            var scrape = await ScrapeAsync(installation);
            points.Add(MetricsPoint.Of(last, scrape));
            last = scrape;
        }

        return SteadyLoadMeasured.Of(first, last, points);
    }

    private static async Task<ScrapeOfAll> ScrapeAsync(Installation installation)
    {
        var scrapes = await Task.WhenAll(ProcessesOf(installation).Select(process => Scrape.OfAsync(process.Http)));
        return new ScrapeOfAll(TimeProvider.System.GetUtcNow(), scrapes);
    }

    private static IEnumerable<CronCloudProcess> ProcessesOf(Installation installation) => installation switch
    {
        ClusterInstallation cluster => cluster.Nodes.OfType<CronCloudProcess>().Append(cluster.Gateway),
        TwinInstallation twins => [twins.Process],
        _ => throw new InvalidOperationException($"{installation.GetType().Name} has no processes that are known here."),
    };
}

/// <summary>The whole run by the counters, and its points.</summary>
internal sealed record SteadyLoadMeasured(
    double Seconds, double Dispatched, double Succeeded, double DeadLettered, double Missed, double Findings, double? LatenessP50Ms, double? LatenessP99Ms, double? WithinQuarterSecond, IReadOnlyList<MetricsPoint> Points)
{
    public static SteadyLoadMeasured Of(ScrapeOfAll first, ScrapeOfAll last, IReadOnlyList<MetricsPoint> points)
    {
        double Count(string name, params (string, string)[] labels) => (last.Sum(name, labels) ?? 0) - (first.Sum(name, labels) ?? 0);
        var lateness = Buckets.Between(first, last, "croncloud_execution_lateness_seconds_bucket", ("stage", "started"));
        return new SteadyLoadMeasured(
            (last.At - first.At).TotalSeconds,
            Count("croncloud_dispatch_executions_total"),
            Count("croncloud_executions_total", ("status", "succeeded")),
            Count("croncloud_executions_total", ("status", "deadLettered")),
            Count("croncloud_executions_total", ("status", "missed")),
            Count("croncloud_scan_findings_total"),
            lateness.Quantile(0.5) * 1_000,
            lateness.Quantile(0.99) * 1_000,
            lateness.Counts.Count > 0 ? lateness.Counts.First(bucket => bucket.Bound >= 0.25).Count / lateness.Counts[^1].Count : null,
            points);
    }
}
