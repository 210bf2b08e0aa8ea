using System.Text.RegularExpressions;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>The instruments that the sources of the product make.</summary>
internal static partial class Instruments
{
    public static IReadOnlyList<(string File, string Name, string Type, string Unit)> InSources() =>
        [.. Sources().SelectMany(file => Creation().Matches(File.ReadAllText(file)).Select(creation => Read(Path.GetRelativePath(Repository.Root, file), creation)))];

    public static IEnumerable<string> Sources() => new[] { "engine", "gateway" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    private static (string File, string Name, string Type, string Unit) Read(string file, Match creation)
    {
        var texts = Text().Matches(creation.Groups["arguments"].Value).Select(text => text.Groups[1].Value).ToList();
        Assert.True(texts.Count is 2 or 3, $"{file}: {creation.Value} must have its name, its unit (or none) and its description as literals, so that it can be held against {Catalogue.Page}.");
        return (file, texts[0], creation.Groups["type"].Value.Replace("Observable", "", StringComparison.Ordinal).ToLowerInvariant(), texts.Count == 3 ? texts[1] : "");
    }

    [GeneratedRegex("""\.Create(?<type>(Observable)?(Counter|UpDownCounter|Histogram|Gauge))\b(<[^>(]*>)?\((?<arguments>("[^"]*"|[^;"])*);""")]
    private static partial Regex Creation();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Text();
}
