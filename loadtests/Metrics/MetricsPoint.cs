using CronCloud.TestServers;

namespace CronCloud.LoadTests.Metrics;

/// <summary>What all processes together told between two scrapes, or at the later one. Rates are per second; null where nothing was told.</summary>
internal sealed record MetricsPoint
{
    public required DateTimeOffset At { get; init; }

    public required double DispatchedRate { get; init; }

    public required double SucceededRate { get; init; }

    public required double RetriedRate { get; init; }

    public required double DeadLetteredRate { get; init; }

    public required double? LatenessP50 { get; init; }

    /// <summary>Seconds, from due time to start.</summary>
    public required double? LatenessP99 { get; init; }

    public required double? InFlight { get; init; }

    public required double? QueueDepth { get; init; }

    public required double? SettlerLag { get; init; }

    public required double? HistoryLag { get; init; }

    public required double Cores { get; init; }

    public required double MemoryMb { get; init; }

    public static MetricsPoint Of(ScrapeOfAll before, ScrapeOfAll now)
    {
        var seconds = (now.At - before.At).TotalSeconds;
        double Rate(string name, params (string, string)[] labels) => ((now.Sum(name, labels) ?? 0) - (before.Sum(name, labels) ?? 0)) / seconds;
        var lateness = Buckets.Between(before, now, "croncloud_execution_lateness_seconds_bucket", ("stage", "started"));
        return new MetricsPoint
        {
            At = now.At,
            DispatchedRate = Rate("croncloud_dispatch_executions_total"),
            SucceededRate = Rate("croncloud_executions_total", ("status", "succeeded")),
            RetriedRate = Rate("croncloud_executions_total", ("status", "retrying")),
            DeadLetteredRate = Rate("croncloud_executions_total", ("status", "deadLettered")),
            LatenessP50 = lateness.Quantile(0.5),
            LatenessP99 = lateness.Quantile(0.99),
            InFlight = now.Max("croncloud_queue_taken"),
            QueueDepth = now.Max("croncloud_queue_depth"),
            SettlerLag = now.Max("croncloud_outcome_lag", ("reader", "settler")),
            HistoryLag = now.Max("croncloud_outcome_lag", ("reader", "history")),
            Cores = Rate("dotnet_process_cpu_time_seconds_total"),
            MemoryMb = (now.Sum("dotnet_process_memory_working_set_bytes") ?? 0) / 1_000_000,
        };
    }
}

/// <summary>The scrapes of all processes at about one moment.</summary>
internal sealed record ScrapeOfAll(DateTimeOffset At, IReadOnlyList<Scrape> Scrapes)
{
    public double? Sum(string name, params (string, string)[] labels) => Each(name, labels) is { Count: > 0 } told ? told.Sum() : null;

    /// <summary>Of what all tell alike.</summary>
    public double? Max(string name, params (string, string)[] labels) => Each(name, labels) is { Count: > 0 } told ? told.Max() : null;

    private List<double> Each(string name, (string, string)[] labels) => [.. Scrapes.Select(scrape => scrape.Sum(name, labels)).OfType<double>()];
}
