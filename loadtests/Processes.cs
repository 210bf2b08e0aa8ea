using System.Globalization;
using CronCloud.LoadTests.Sinks;
using CronCloud.TestServers;

namespace CronCloud.LoadTests;

/// <summary>The processes of an installation and its sink, by what they are, and what the kernel says that they used.</summary>
internal sealed record Processes(IReadOnlyList<(string Part, int Id)> All)
{
    public static Processes Of(ClusterInstallation installation, LoadSinkProcess sink) => new(
    [
        .. installation.Nodes.OfType<CronCloudProcess>().Select(node => ("nodes", node.Id)),
        ("gateway", installation.Gateway.Id),
        ("Redis", installation.Redis.Id),
        ("NATS", installation.Nats.Id),
        ("PostgreSQL", installation.Postgres.Id),
        ("ClickHouse", installation.ClickHouse.Id),
        ("sink", sink.Id),
    ]);

    /// <summary>Seconds of processor time by part, those of a process' children included.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        var children = ChildrenByParent();
        return All.GroupBy(process => process.Part).ToDictionary(part => part.Key, part => part.Sum(process => Family(process.Id, children).Sum(SecondsOf)));
    }

    /// <summary>The same without children: those of this process are what it measures.</summary>
    public Dictionary<string, double> ReadAlone() => All.ToDictionary(process => process.Part, process => SecondsOf(process.Id));

    private static IEnumerable<int> Family(int id, ILookup<int, int> children) => children[id].SelectMany(child => Family(child, children)).Prepend(id);

    private static ILookup<int, int> ChildrenByParent() =>
        Directory.GetDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0).Select(id => (Id: id, Fields: Fields(id))).Where(process => process.Fields.Length > 0)
            .ToLookup(process => int.Parse(process.Fields[1], CultureInfo.InvariantCulture), process => process.Id);

    /// <summary>User and system time, in the kernel's hundredths of a second.</summary>
    private static double SecondsOf(int id) => Fields(id) is { Length: > 12 } fields ? (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0 : 0;

    /// <summary>The kernel's line about the process, after the name in parentheses; none when it is gone.</summary>
    private static string[] Fields(int id)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{id}/stat");
            return line[(line.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
