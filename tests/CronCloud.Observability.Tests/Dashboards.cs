using System.Text.Json.Nodes;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>The dashboards in charts/grafana, and what their panels ask.</summary>
internal static class Dashboards
{
    public const string ClickHouse = "grafana-clickhouse-datasource";

    public static IReadOnlyList<(string File, JsonNode Json)> All =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "charts/grafana/dashboards"), "*.json").Order().Select(file => (Path.GetFileName(file), JsonNode.Parse(File.ReadAllText(file))!))];

    /// <summary>Everything that is asked of Prometheus.</summary>
    public static IReadOnlyList<(string Panel, string Expression)> Expressions =>
        [.. Targets().Where(t => (string?)t.Target["datasource"]!["type"] == "prometheus").Select(t => (t.Panel, (string)t.Target["expr"]!))];

    /// <summary>Everything that is asked of ClickHouse, those that fill variables included.</summary>
    public static IReadOnlyList<(string Panel, string Sql)> Queries =>
    [
        .. Targets().Where(t => (string?)t.Target["datasource"]!["type"] == ClickHouse).Select(t => (t.Panel, (string)t.Target["rawSql"]!)),
        .. All.SelectMany(d => d.Json["templating"]!["list"]!.AsArray().Select(v => ($"{d.File}: variable {v!["name"]}", (string)v["query"]!))),
    ];

    public static IEnumerable<(string Panel, JsonNode Target)> Targets() =>
        from dashboard in All
        from panel in dashboard.Json["panels"]!.AsArray()
        from target in panel!["targets"]?.AsArray() ?? []
        select ($"{dashboard.File}: {panel["title"]}", target);
}
