using System.Text.RegularExpressions;

namespace CronCloud.Observability.Tests;

/// <summary>The metrics that an expression names, and what it asks of their labels.</summary>
internal static partial class PromQl
{
    private static readonly string[] OfPrometheus = ["instance", "job"];

    private static readonly Lazy<Dictionary<string, CataloguedMetric>> Series = new(() =>
        Catalogue.Instruments.Concat(Catalogue.Foreign).SelectMany(metric => metric.Series.Select(series => (series, metric))).ToDictionary(s => s.series, s => s.metric));

    private static readonly Lazy<HashSet<string>> Known = new(() =>
    [
        "up",
        .. Series.Value.Keys,
        .. Rules.All.Where(rule => rule.Record is not null).Select(rule => rule.Record!),
    ]);

    /// <summary>The first metric that neither the catalogue nor a recording rule has; null when all are known. An expression without any is a mistake.</summary>
    public static string? Unknown(string expression)
    {
        var names = Metrics(expression);
        Assert.True(names.Count > 0, $"No metric in: {expression}");
        return names.FirstOrDefault(name => !Known.Value.Contains(name));
    }

    /// <summary>The first matcher that no series can ever match, by its label or its value; null when there is none.</summary>
    public static string? Unmatched(string expression) =>
        Selector().Matches(expression)
            .Where(selector => Series.Value.ContainsKey(selector.Groups["metric"].Value))
            .SelectMany(selector => Matcher().Matches(selector.Groups["matchers"].Value).Where(matcher => !CanMatch(selector.Groups["metric"].Value, matcher)))
            .Select(matcher => matcher.Value)
            .FirstOrDefault();

    private static bool CanMatch(string series, Match matcher)
    {
        var (label, value) = (matcher.Groups["label"].Value, matcher.Groups["value"].Value);
        if (OfPrometheus.Contains(label) || (label == "le" && series.EndsWith("_bucket", StringComparison.Ordinal)))
            return true;
        if (!Series.Value[series].Tags.TryGetValue(label, out var values))
            return false;
        return values.Count == 0 || (matcher.Groups["operator"].Value.EndsWith('~') ? value.Split('|') : [value]).All(one => values.Any(known => Regex.IsMatch(known, $"^(?:{one})$", RegexOptions.None, TimeSpan.FromSeconds(1))));
    }

    private static List<string> Metrics(string expression) =>
        [.. Identifier().Matches(Grouping().Replace(Braces().Replace(Text().Replace(expression, "\"\""), " "), " ")).Select(name => name.Value).Where(name => name == "up" || name.Contains('_', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal))];

    [GeneratedRegex(@"(?<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?<matchers>[^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex("(?<label>[a-zA-Z_]+)\\s*(?<operator>=~|!~|!=|=)\\s*\"(?<value>[^\"]*)\"")]
    private static partial Regex Matcher();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Text();

    /// <summary>Label matchers, ranges.</summary>
    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]")]
    private static partial Regex Braces();

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex Grouping();

    /// <summary>Not what is followed by a parenthesis: that is a function.</summary>
    [GeneratedRegex(@"[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")]
    private static partial Regex Identifier();
}
