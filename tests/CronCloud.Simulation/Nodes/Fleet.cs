using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Mutants;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Nodes;

/// <summary>All nodes of a world. One that died is started again after a while, with nothing of what it knew.</summary>
internal sealed class Fleet(World world, Weather weather, Servers servers, IReadOnlySet<int> partitions, int size, Mutant mutant, Ledger ledger)
{
    private readonly Node?[] _nodes = new Node?[size];
    private readonly int[] _starts = new int[size];
    private DateTimeOffset _darkUntil = DateTimeOffset.MinValue;
    private readonly Machine[] _machines = [.. Enumerable.Range(0, size).Select(place => new Machine($"n{place + 1}"))];

    public int Size => size;

    public IReadOnlyList<Node> Living => [.. _nodes.Where(n => n is { Process.IsDead: false }).Select(n => n!)];

    public void StartAll()
    {
        for (var place = 0; place < size; place++)
            Start(place);
    }

    /// <summary>Everybody lives, moves, and has the right time.</summary>
    public void Heal()
    {
        foreach (var node in Living)
            node.Process.GoOn();
        for (var place = 0; place < size; place++)
            _machines[place].Skew = TimeSpan.Zero;

        StartAll();
    }

    public void SetClock(int place, TimeSpan skew)
    {
        _machines[place].Skew = skew;
        world.Trace.Add("-", $"the clock of {_machines[place].NodeName}'s machine is off by {skew.TotalMilliseconds:0} ms");
    }

    /// <summary>All die but the one that is about to, and none comes back before.</summary>
    public void CutPower(TimeSpan length, NodeProcess last)
    {
        world.Trace.Add("-", $"the power is cut for {length.TotalSeconds:0.000} s");
        _darkUntil = world.Now + length;
        ledger.AddCut(world.Now, _darkUntil);
        foreach (var node in Living.Where(n => n.Process != last))
            node.Process.Die("without power");
    }

    private void Start(int place)
    {
        if (_nodes[place] is { Process.IsDead: false })
            return;
        var process = new NodeProcess(world, weather, $"{_machines[place].NodeName}.{++_starts[place]}", _machines[place]);
        process.Died += () => world.Begin(() => StartLaterAsync(place));
        process.Note("starts");
        _nodes[place] = new Node(process, servers, partitions, mutant, ledger);
        world.Begin(_nodes[place]!.StartAsync);
    }

    private async Task StartLaterAsync(int place)
    {
        await world.DelayAsync(weather.IsHealed ? TimeSpan.Zero : world.Between(0.3, 12));
        if (_darkUntil > world.Now)
            await world.DelayAsync(_darkUntil - world.Now);
        Start(place);
    }
}
