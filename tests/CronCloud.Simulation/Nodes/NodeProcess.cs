using CronCloud.Simulation.Faults;

namespace CronCloud.Simulation.Nodes;

/// <summary>A process of a node, from its start to its death: who runs it, which clock it has, whether it lives and moves.</summary>
internal sealed class NodeProcess(World world, Weather weather, string name, Machine machine)
{
    /// <summary>What a dead process waits for. A new one each time: one for all would hold every world that was.</summary>
    public static Task Never => new TaskCompletionSource().Task;

    public World World => world;

    public Weather Weather => weather;

    public string Name => name;

    /// <summary>How the node is called, which it keeps when it starts again: leases are taken by it.</summary>
    public string NodeName => machine.NodeName;

    public NodeTime Time => field ??= new NodeTime(this);

    /// <summary>How far the machine's clock is ahead of the true time.</summary>
    public TimeSpan Skew => machine.Skew;

    public bool IsDead { get; private set; }

    public DateTimeOffset PausedUntil { get; private set; }

    /// <summary>Raised at death.</summary>
    public event Action Died = () => { };

    public void Note(string what) => world.Trace.Add(name, what);

    public void Pause(TimeSpan length)
    {
        if (IsDead)
            return;
        Note($"stands still for {length.TotalSeconds:0.000} s");
        PausedUntil = world.Now + length;
    }

    public void GoOn() => PausedUntil = world.Now;

    public void Die(string when)
    {
        if (IsDead)
            return;
        Note($"dies {when}");
        IsDead = true;
        Died();
    }

    public Task DieAsync(string when)
    {
        Die(when);
        return Never;
    }

    /// <summary>Lets time go by; ends when the node moves, and never when it is dead by then.</summary>
    public async Task PassAsync(TimeSpan delay, CancellationToken cancellation)
    {
        await world.DelayAsync(delay, cancellation);
        while (!IsDead && PausedUntil > world.Now)
            await world.DelayAsync(PausedUntil - world.Now, CancellationToken.None);
        if (IsDead)
            await Never;
    }
}

/// <summary>What a node runs on, and what stays when it starts again.</summary>
internal sealed class Machine(string nodeName)
{
    public string NodeName => nodeName;

    public TimeSpan Skew { get; set; }
}
