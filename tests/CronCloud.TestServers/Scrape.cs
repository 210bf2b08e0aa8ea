using System.Globalization;
using System.Text.RegularExpressions;

namespace CronCloud.TestServers;

/// <summary>What a process tells at <c>/metrics</c> at one moment.</summary>
public sealed partial class Scrape
{
    private Scrape(IReadOnlyList<Sample> samples) => Samples = samples;

    public IReadOnlyList<Sample> Samples { get; }

    public static async Task<Scrape> OfAsync(HttpClient http) => Parse(await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)));

    public static Scrape Parse(string text) => new([.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(Read)]);

    /// <summary>The sum of a metric's series that have all of the labels; null when there is none.</summary>
    public double? Sum(string name, params (string Label, string Value)[] labels)
    {
        var matching = Samples.Where(sample => sample.Name == name && labels.All(l => sample.Labels.GetValueOrDefault(l.Label) == l.Value)).ToList();
        return matching.Count > 0 ? matching.Sum(sample => sample.Value) : null;
    }

    private static Sample Read(string line)
    {
        var match = Line().Match(line);
        if (!match.Success)
            throw new FormatException($"This is no sample in Prometheus' text format: {line}");
        var labels = Label().Matches(match.Groups["labels"].Value).ToDictionary(label => label.Groups[1].Value, label => label.Groups[2].Value);
        return new Sample(match.Groups["name"].Value, labels, match.Groups["value"].Value switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            var number => double.Parse(number, CultureInfo.InvariantCulture),
        });
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>("[^"]*"|[^"}])*)\})? (?<value>\S+)( \d+)?$""")]
    private static partial Regex Line();

    [GeneratedRegex("""([a-zA-Z_][a-zA-Z0-9_]*)="([^"]*)"[,]?""")]
    private static partial Regex Label();
}

/// <summary>One series' value.</summary>
public sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);
