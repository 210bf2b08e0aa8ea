using System.Globalization;
using System.Net;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary><c>/metrics</c> of a running CronCloud on its twins.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private TwinInstallation _twins = null!;

    public async Task InitializeAsync() => _twins = await TwinInstallation.StartAsync(("CronCloud__ApiKey", "a-key"));

    public async Task DisposeAsync() => await _twins.DisposeAsync();

    [Fact]
    public async Task Metrics_of_a_gateway_need_its_key_as_the_API_does()
    {
        using var refused = await _twins.Http.GetAsync(new Uri("/metrics", UriKind.Relative));
        _twins.Http.DefaultRequestHeaders.Authorization = new("Bearer", "a-key");
        using var metrics = await _twins.Http.GetAsync(new Uri("/metrics", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal((HttpStatusCode.OK, "text/plain"), (metrics.StatusCode, metrics.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task What_runs_is_counted_in_each_tier_and_all_of_it_is_in_the_catalogue()
    {
        _twins.Http.DefaultRequestHeaders.Authorization = new("Bearer", "a-key");
        await _twins.MakeAsync("good", new { cron = "0 0 1 1 *" });
        await _twins.MakeAsync("bad", new { cron = "0 0 1 1 *" }, "/status/500");
        for (var run = 0; run < 3; run++)
            await _twins.EndedAsync(await _twins.TriggerAsync("good"));
        await _twins.EndedAsync(await _twins.TriggerAsync("bad"));
        var due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 2);
        await _twins.MakeAsync("due", new { at = due.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) });
        await _twins.EndedAsync($"due@{due.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}");
        // What the twins are asked for every five seconds is there at last.
        var scrape = await ScrapeUntilAsync(s => s.Sum("croncloud_queue_depth") is not null && s.Sum("croncloud_executions_total", ("status", "deadLettered")) == 1 && s.Sum("croncloud_history_rows_total") == 5);

        Assert.Equal(4, scrape.Sum("croncloud_dispatch_executions_total", ("trigger", "manual")));
        Assert.Equal(5, scrape.Sum("croncloud_attempts_started_total"));
        Assert.Equal((4, 1), (scrape.Sum("croncloud_attempts_total", ("result", "succeeded"), ("target", "http")), scrape.Sum("croncloud_attempts_total", ("result", "failed"), ("target", "http"))));
        Assert.Equal((4, 1, 0, 0), (Executions(scrape, "succeeded"), Executions(scrape, "deadLettered"), Executions(scrape, "missed"), Executions(scrape, "retrying")));
        Assert.Equal(4, scrape.Sum("croncloud_tenant_executions_total", ("tenant", "default"), ("status", "succeeded")));
        Assert.All(["dispatched", "started", "settled"], stage => Assert.Equal(1, scrape.Sum("croncloud_execution_lateness_seconds_count", ("stage", stage), ("overlap", "allow"))));
        Assert.Equal(5, scrape.Sum("croncloud_history_delay_seconds_count"));
        Assert.Equal(256, scrape.Sum("croncloud_partitions_held"));
        Assert.Equal(256, scrape.Samples.Count(sample => sample.Name == "croncloud_due_backlog"));
        Assert.Equal((1, 4000, 0), (scrape.Sum("croncloud_clock_trusted"), scrape.Sum("croncloud_worker_capacity"), scrape.Sum("croncloud_tenant_running")));
        Assert.Equal(0, scrape.Sum("croncloud_scan_findings_total"));
        Assert.Contains(scrape.Samples, sample => sample.Name == "http_server_request_duration_seconds_count" && sample.Labels["http_route"].Contains("v1/jobs/{id}/trigger", StringComparison.Ordinal));
        IsCatalogued(scrape);
    }

    private static double? Executions(Scrape scrape, string status) => scrape.Sum("croncloud_executions_total", ("status", status));

    private static void IsCatalogued(Scrape scrape)
    {
        var rows = Catalogue.Instruments.Concat(Catalogue.Foreign).SelectMany(row => row.Series.Select(series => (series, row))).ToDictionary(r => r.series, r => r.row);
        foreach (var sample in scrape.Samples.Where(sample => sample.Name.StartsWith("croncloud_", StringComparison.Ordinal)))
        {
            Assert.True(rows.TryGetValue(sample.Name, out var row), $"{sample.Name} is not in {Catalogue.Page}.");
            var tags = sample.Labels.Keys.Where(label => label is not "le" && !label.StartsWith("otel_", StringComparison.Ordinal));
            Assert.All(tags, tag => Assert.True(row.Tags.ContainsKey(tag), $"{sample.Name} has the tag {tag}, and its row in {Catalogue.Page} does not."));
        }

        var told = scrape.Samples.Select(sample => sample.Name).ToHashSet();
        Assert.All(Catalogue.Foreign.Where(row => row.Name != "dotnet_exceptions_total"), row => Assert.True(row.Series.Any(told.Contains), $"{Catalogue.Page} has {row.Name}, which is not told."));
    }

    private async Task<Scrape> ScrapeUntilAsync(Func<Scrape, bool> isThere)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var scrape = await Scrape.OfAsync(_twins.Http);
            if (isThere(scrape))
                return scrape;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }

        return await Scrape.OfAsync(_twins.Http);
    }
}
