using CronCloud.TestServers;
using YamlDotNet.RepresentationModel;

namespace CronCloud.Observability.Tests;

/// <summary>The rules in charts/prometheus.</summary>
internal static class Rules
{
    public static IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "charts/prometheus/rules"), "*.yml").Order()];

    public static IReadOnlyList<string> Tests => [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "charts/prometheus/tests"), "*.yml").Order()];

    public static IReadOnlyList<Rule> All => [.. Files.SelectMany(file => Load(file)["groups"].Items()).SelectMany(group => group["rules"].Items()).Select(Read)];

    /// <summary>Names of alerts that the unit tests of the rules expect to ring.</summary>
    public static IReadOnlySet<string> Tested => Tests
        .SelectMany(file => Load(file)["tests"].Items())
        .SelectMany(test => ((YamlMappingNode)test).Children.TryGetValue("alert_rule_test", out var cases) ? cases.Items() : [])
        .Where(alert => alert["exp_alerts"].Items().Any())
        .Select(alert => alert["alertname"].ToString())
        .ToHashSet();

    private static Rule Read(YamlNode rule)
    {
        var fields = ((YamlMappingNode)rule).Children;
        return new Rule(
            fields.TryGetValue("alert", out var alert) ? alert.ToString() : null,
            fields.TryGetValue("record", out var record) ? record.ToString() : null,
            rule["expr"].ToString(),
            fields.TryGetValue("annotations", out var annotations) ? annotations["runbook"].ToString() : null);
    }

    public static YamlNode Load(string file)
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(file);
        yaml.Load(reader);
        return yaml.Documents[0].RootNode;
    }

    public static IEnumerable<YamlNode> Items(this YamlNode node) => (YamlSequenceNode)node;
}

/// <summary>An alert with its runbook, or a recording.</summary>
internal sealed record Rule(string? Alert, string? Record, string Expression, string? Runbook);
