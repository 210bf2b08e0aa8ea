using System.Text;

namespace CronCloud.Simulation.Worlds;

/// <summary>What happened: when, where, what. The same for every run of a seed.</summary>
internal sealed class Trace(VirtualTime time)
{
    private readonly List<(DateTimeOffset At, string Where, string What)> _events = [];

    public int Count => _events.Count;

    public void Add(string where, string what) => _events.Add((time.Now, where, what));

    public string Tail(int count) => Text(_events.TakeLast(count));

    /// <summary>Only what has one of the words.</summary>
    public string About(IReadOnlyCollection<string> words, int count) =>
        Text(_events.Where(e => words.Any(word => e.What.Contains(word, StringComparison.Ordinal))).TakeLast(count));

    public override string ToString() => Text(_events);

    private static string Text(IEnumerable<(DateTimeOffset At, string Where, string What)> events)
    {
        var text = new StringBuilder();
        foreach (var (at, where, what) in events)
            text.AppendLine($"{at:HH:mm:ss.fffffff} {where,-8} {what}");
        return text.ToString();
    }
}
