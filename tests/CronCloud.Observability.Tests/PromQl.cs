using System.Text.RegularExpressions;

namespace CronCloud.Observability.Tests;

/// <summary>The metrics that an expression names.</summary>
internal static partial class PromQl
{
    private static readonly Lazy<HashSet<string>> Known = new(() =>
    [
        "up",
        .. Catalogue.Instruments.Concat(Catalogue.Foreign).SelectMany(metric => metric.Series),
        .. Rules.All.Where(rule => rule.Record is not null).Select(rule => rule.Record!),
    ]);

    /// <summary>The first metric that neither the catalogue nor a recording rule has; null when all are known. An expression without any is a mistake.</summary>
    public static string? Unknown(string expression)
    {
        var names = Metrics(expression);
        Assert.True(names.Count > 0, $"No metric in: {expression}");
        return names.FirstOrDefault(name => !Known.Value.Contains(name));
    }

    private static List<string> Metrics(string expression) =>
        [.. Identifier().Matches(Grouping().Replace(Braces().Replace(Text().Replace(expression, "\"\""), " "), " ")).Select(name => name.Value).Where(name => name == "up" || name.Contains('_', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal))];

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
