using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>charts/prometheus: what Prometheus' checker says of it, and that it is about metrics that there are.</summary>
public sealed class PrometheusTests
{
    [Fact]
    public Task The_configuration_is_one_that_Prometheus_reads() => Promtool.RunAsync("check", "config", "prometheus.yml");

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
}
