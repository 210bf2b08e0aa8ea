using System.Globalization;
using System.Text.RegularExpressions;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>docs/observability.md, read as tables.</summary>
internal static partial class Catalogue
{
    public const string Page = "docs/observability.md";

    private static readonly Lazy<IReadOnlyList<string[]>> Rows = new(() => [.. File.ReadLines(Path.Combine(Repository.Root, Page)).Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(Cells)]);

    /// <summary>Our own instruments.</summary>
    public static IReadOnlyList<CataloguedMetric> Instruments =>
        [.. Rows.Value.Where(row => row[0].StartsWith("`croncloud.", StringComparison.Ordinal)).Select(row => new CataloguedMetric(Plain(row[0]), row[1], Plain(row[2]), TagsOf(row[3])))];

    /// <summary>Those of .NET, by what Prometheus calls them.</summary>
    public static IReadOnlyList<CataloguedMetric> Foreign =>
        [.. Rows.Value.Where(row => ForeignName().IsMatch(row[0])).Select(row => new CataloguedMetric(Plain(row[0]), row[1], "", TagsOf(row[2])))];

    /// <summary>Log events: id and level.</summary>
    public static IReadOnlyList<(int Id, string Level)> LogEvents =>
        [.. Rows.Value.Where(row => row.Length == 4 && int.TryParse(row[0], NumberStyles.None, CultureInfo.InvariantCulture, out _)).Select(row => (int.Parse(row[0], CultureInfo.InvariantCulture), row[1]))];

    /// <summary>The events that are told on NATS.</summary>
    public static IReadOnlyList<string> NatsEvents => [.. Rows.Value.Where(row => row.Length == 3 && EventName().IsMatch(row[0])).Select(row => Plain(row[0]))];

    private static string[] Cells(string line) => [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim())];

    /// <summary>Names, each with the values that there are; none where the cell does not say.</summary>
    private static Dictionary<string, IReadOnlyList<string>> TagsOf(string cell) =>
        TagName().Matches(cell).ToDictionary(tag => tag.Groups["name"].Value, tag => (IReadOnlyList<string>)tag.Groups["values"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries));

    private static string Plain(string cell) => cell.Trim('`');

    [GeneratedRegex("`(?<name>[a-z_]+)`(: (?<values>[a-zA-Z, ]+))?")]
    private static partial Regex TagName();

    [GeneratedRegex("^`(http|kestrel|dotnet)_")]
    private static partial Regex ForeignName();

    [GeneratedRegex("^`[a-z]+[A-Z]?[a-z]*`$")]
    private static partial Regex EventName();
}

/// <summary>A row of the catalogue.</summary>
internal sealed record CataloguedMetric(string Name, string Type, string Unit, IReadOnlyDictionary<string, IReadOnlyList<string>> Tags)
{
    /// <summary>What Prometheus calls its series.</summary>
    public IReadOnlyList<string> Series => Name.Contains('.', StringComparison.Ordinal) ? SeriesOf(Name.Replace('.', '_') + UnitName, Type) : SeriesOf(Name, Type == "counter" ? "gauge" : Type);

    private string UnitName => Unit switch
    {
        "s" => "_seconds",
        "By" => "_bytes",
        _ => "",
    };

    private static IReadOnlyList<string> SeriesOf(string name, string type) => type switch
    {
        "counter" => [name + "_total"],
        "histogram" => [name + "_bucket", name + "_sum", name + "_count"],
        _ => [name],
    };
}
