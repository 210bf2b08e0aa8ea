using System.Xml.Linq;
using CronCloud.TestServers;
using YamlDotNet.RepresentationModel;

namespace CronCloud.Observability.Tests;

/// <summary>charts/grafana, as far as Grafana itself is not needed for it.</summary>
public sealed class DashboardTests
{
    [Fact]
    public void Every_panel_asks_a_data_source_that_is_provisioned()
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Repository.Root, "charts/grafana/provisioning/datasources/croncloud.yml"));
        yaml.Load(reader);
        var sources = ((YamlSequenceNode)yaml.Documents[0].RootNode["datasources"]).Select(source => (source["uid"].ToString(), source["type"].ToString())).ToHashSet();

        Assert.Equal(["history.json", "operations.json"], Dashboards.All.Select(dashboard => dashboard.File));
        Assert.All(Dashboards.Targets(), target => Assert.True(sources.Contains(((string)target.Target["datasource"]!["uid"]!, (string)target.Target["datasource"]!["type"]!)), target.Panel));
    }

    [Fact]
    public void Every_expression_is_about_metrics_that_the_catalogue_has() =>
        Assert.All(Dashboards.Expressions, panel => Assert.True(PromQl.Unknown(panel.Expression) is null, $"{panel.Panel}: there is no metric {PromQl.Unknown(panel.Expression)} in {Catalogue.Page}."));

    [Fact]
    public void Every_expression_asks_for_labels_and_values_that_the_catalogue_has() =>
        Assert.All(Dashboards.Expressions, panel => Assert.True(PromQl.Unmatched(panel.Expression) is null, $"{panel.Panel}: nothing has {PromQl.Unmatched(panel.Expression)}, see {Catalogue.Page}."));

    [Fact]
    public void Grafana_reads_history_as_a_user_who_can_do_nothing_else()
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Repository.Root, "charts/grafana/provisioning/datasources/croncloud.yml"));
        yaml.Load(reader);
        var source = ((YamlSequenceNode)yaml.Documents[0].RootNode["datasources"]).Single(source => source["type"].ToString() == Dashboards.ClickHouse);
        var users = XDocument.Load(Path.Combine(Repository.Root, "charts/clickhouse/grafana.xml")).Root!;
        var user = users.Element("users")!.Element(source["jsonData"]["username"].ToString())!;

        Assert.Equal(source["secureJsonData"]["password"].ToString(), user.Element("password")!.Value);
        Assert.Equal("1", users.Element("profiles")!.Element(user.Element("profile")!.Value)!.Element("readonly")!.Value);
        Assert.Equal(["GRANT SELECT ON croncloud.*"], user.Element("grants")!.Elements("query").Select(grant => grant.Value));
    }

    [Fact]
    public async Task Every_expression_is_one_that_Prometheus_reads()
    {
        var file = Path.GetTempFileName();
        try
        {
            var rules = Dashboards.Expressions.Select((panel, i) => $"      - {{ record: \"panel:{i}\", expr: '{panel.Expression.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}' }}");
            await File.WriteAllLinesAsync(file, ["groups:", "  - name: panels", "    rules:", .. rules]);

            await Promtool.RunAsync("check", "rules", file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
