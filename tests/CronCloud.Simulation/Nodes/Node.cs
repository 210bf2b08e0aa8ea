using CronCloud.Engine.Clocks;
using CronCloud.Engine.Executing;
using CronCloud.Engine.Outcomes;
using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Mutants;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Nodes;

/// <summary>A running node: its loops, its places for changes and redrives, its start and its stop.</summary>
internal sealed class Node
{
    private const int WorkerDriver = 0;

    private readonly Worker _worker;
    private readonly PlacementDriver _placement;
    private readonly LoopDriver[] _drivers;
    private readonly ClockGuard _guard;

    public Node(NodeProcess process, Servers servers, IReadOnlySet<int> partitions, Mutant mutant, Ledger ledger)
    {
        Process = process;
        var parts = new NodeParts(process, servers, partitions, mutant, ledger);
        (_worker, _guard) = (parts.Worker, parts.Guard);
        _placement = new PlacementDriver(process, parts, servers.Redis.Index, ledger);
        _drivers = [.. parts.Loops.Select(loop => new LoopDriver(process, loop, ledger))];
        Desk = new JobDesk(process, parts.Book, ledger);
        Redrive = parts.Redrive;
    }

    public NodeProcess Process { get; }

    public bool IsStopping { get; private set; }

    /// <summary>Where changes of jobs go.</summary>
    public JobDesk Desk { get; }

    /// <summary>Where dead letters are given a new round.</summary>
    public Redrive Redrive { get; }

    /// <summary>Whether clients reach it.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>As the product's host: first the time is learnt, then everything goes by it.</summary>
    public async Task StartAsync()
    {
        while (!_guard.IsKnown)
        {
            if (await _guard.RunOnceAsync(CancellationToken.None) is var pause && !_guard.IsKnown)
                await Process.Time.DelayExactlyAsync(pause, CancellationToken.None);
        }

        IsOpen = true;
        _placement.Start();
        foreach (var driver in _drivers)
            driver.Start();
    }

    /// <summary>A stop on purpose: nothing new begins, what runs ends, then the process does.</summary>
    public async Task StopAsync()
    {
        Process.Note("is told to stop");
        IsStopping = true;
        IsOpen = false;
        try
        {
            await Desk.DrainAsync();
            await _placement.DrainAsync();
            await _drivers[WorkerDriver].DrainAsync();
            while (_worker.Held.Any())
                await Process.Time.DelayExactlyAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
        catch (Exception failure) when (failure is IOException or TimeoutException)
        {
            Process.Note($"cannot stop in order: {failure.Message}");
        }

        Process.Die("as it was told to");
    }
}
