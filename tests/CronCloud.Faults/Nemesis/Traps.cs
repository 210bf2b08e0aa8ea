using System.Globalization;

namespace CronCloud.Faults.Nemesis;

/// <summary>
/// Steps at which a node dies or stands still when it comes to a job of a certain name. Each start of a node has names of its own: what is still due
/// of those that hit it must not hit its successor.
/// </summary>
public sealed class Traps
{
    private static readonly (string Point, string Trap)[] Kinds =
    [
        ("IDueIndex.AdvanceAsync:before:KILL:1", "trap-advance"),
        ("IOutcomeStream.PublishAsync:before:KILL:1", "trap-outcome"),
        ("IOutcomeStream.PublishAsync:before:STOP:1", "trap-zombie"),
    ];

    private readonly int[] _starts = new int[Kinds.Length];

    /// <summary>The pause point of a node that starts now.</summary>
    public string PointOf(int node)
    {
        _starts[node]++;
        return $"{Kinds[node].Point}:{NameOf(node)}";
    }

    /// <summary>What the name of a job must begin with, to hit the node that has the trap now.</summary>
    public string NameOf(string trap) => NameOf(Array.FindIndex(Kinds, kind => kind.Trap == trap));

    private string NameOf(int node) => string.Create(CultureInfo.InvariantCulture, $"{Kinds[node].Trap}-start{_starts[node]}-");
}
