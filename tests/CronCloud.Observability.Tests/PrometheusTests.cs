using CronCloud.TestServers;
using YamlDotNet.RepresentationModel;

namespace CronCloud.Observability.Tests;

/// <summary>charts/prometheus: what Prometheus' checker says of it, and that it is about metrics that there are.</summary>
public sealed class PrometheusTests
{
    [Fact]
    public Task The_configuration_is_one_that_Prometheus_reads() => Promtool.RunAsync("check", "config", "--syntax-only", "prometheus.yml");

    [Fact]
    public void The_gateway_and_nobody_else_is_sent_the_key_that_Compose_gives_Prometheus()
    {
        var scrapes = Rules.Load(Path.Combine(Repository.Root, "charts/prometheus/prometheus.yml"))["scrape_configs"].Items().Cast<YamlMappingNode>()
            .Select(scrape => (File: scrape.Children.TryGetValue("authorization", out var authorization) ? authorization["credentials_file"].ToString() : null, Targets: scrape["static_configs"][0]["targets"].ToString())).ToList();

        var file = scrapes.Single(scrape => scrape.Targets.Contains("gateway", StringComparison.Ordinal)).File!;
        Assert.All(scrapes.Where(scrape => scrape.File is not null), scrape => Assert.DoesNotContain("node-", scrape.Targets, StringComparison.Ordinal));
        var prometheus = Rules.Load(Path.Combine(Repository.Root, "docker-compose.yml"))["services"]["prometheus"];
        Assert.Contains($">{file} ", prometheus["entrypoint"].ToString(), StringComparison.Ordinal);
        Assert.Equal(Path.GetDirectoryName(file), prometheus["tmpfs"][0].ToString());
    }

    [Fact]
    public Task The_rules_are_rules() => Promtool.RunAsync(["check", "rules", .. Rules.Files]);

    [Fact]
    public Task The_rules_ring_when_they_should_and_only_then() => Promtool.RunAsync(["test", "rules", .. Rules.Tests]);

    [Fact]
    public void Every_alert_is_seen_to_ring()
    {
        var tested = Rules.Tested;

        Assert.All(Rules.All.Where(rule => rule.Alert is not null), rule => Assert.True(tested.Contains(rule.Alert!), $"No unit test in charts/prometheus/tests makes {rule.Alert} ring."));
    }

    [Fact]
    public void Every_alert_has_a_runbook_and_every_runbook_an_alert()
    {
        var alerts = Rules.All.Where(rule => rule.Alert is not null).ToList();

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.True(File.Exists(Path.Combine(Repository.Root, alert.Runbook!)), $"{alert.Alert}: there is no {alert.Runbook}."));
        var known = alerts.Select(alert => Path.GetFileName(alert.Runbook!)).ToHashSet();
        Assert.All(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs/runbooks")), page => Assert.True(known.Contains(Path.GetFileName(page)), $"No alert names {page}."));
    }

    [Fact]
    public void Every_rule_is_about_metrics_that_the_catalogue_has() =>
        Assert.All(Rules.All, rule => Assert.True(PromQl.Unknown(rule.Expression) is null, $"{rule.Alert ?? rule.Record}: there is no metric {PromQl.Unknown(rule.Expression)} in {Catalogue.Page}."));

    [Fact]
    public void Every_rule_asks_for_labels_and_values_that_the_catalogue_has() =>
        Assert.All(Rules.All, rule => Assert.True(PromQl.Unmatched(rule.Expression) is null, $"{rule.Alert ?? rule.Record}: nothing has {PromQl.Unmatched(rule.Expression)}, see {Catalogue.Page}."));

    [Theory]
    [InlineData("""sum(rate(croncloud_executions_total{status="deadLettered"}[5m]))""", null)]
    [InlineData("""sum(rate(croncloud_executions_total{status=~"succeeded|dead.*",instance="a"}[5m]))""", null)]
    [InlineData("""croncloud_settle_delay_seconds_bucket{le="5"}""", null)]
    [InlineData("""sum(rate(croncloud_executions_total{status="dead"}[5m]))""", "status=\"dead\"")]
    [InlineData("""sum(rate(croncloud_executions_total{status=~"succeeded|gone"}[5m]))""", "status=~\"succeeded|gone\"")]
    [InlineData("""sum(rate(croncloud_executions_total{state="deadLettered"}[5m]))""", "state=\"deadLettered\"")]
    [InlineData("""croncloud_queue_depth{le="5"}""", "le=\"5\"")]
    public void A_matcher_that_matches_nothing_is_found(string expression, string? matcher) => Assert.Equal(matcher, PromQl.Unmatched(expression));
}
