using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.Executing;
using CronCloud.Engine.History;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Loops;
using CronCloud.Engine.Outcomes;
using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Mutants;
using CronCloud.Simulation.Twins;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Simulation.Nodes;

/// <summary>A running node: the product's own classes for all roles, composed as the product composes them, on seams that fail.</summary>
internal sealed class Node
{
    private const int WorkerDriver = 0;

    private readonly Worker _worker;
    private readonly PlacementDriver _placement;
    private readonly LoopDriver[] _drivers;

    public Node(NodeProcess process, Servers servers, IReadOnlySet<int> partitions, Mutant mutant, Ledger ledger)
    {
        Process = process;
        var seams = new MutantSeams(mutant, Seam.Of(servers.Redis.Index, process, Server.Redis), Seam.Of<IExecutionQueue>(servers.Queue, process, Server.Nats));
        var (index, queue, time) = (seams.Index, seams.Queue, process.Time);
        var outcomes = Seam.Of<IOutcomeStream>(servers.Outcomes, process, Server.Nats);
        var jobs = Seam.Of<IJobStore>(servers.Jobs, process, Server.Sql);
        var pending = Seam.Of<IPendingStore>(servers.Pending, process, Server.Sql);
        var checkpointStore = Seam.Of<ICheckpointStore>(servers.Checkpoints, process, Server.Sql);

        var checkpoints = new Checkpoints(checkpointStore);
        var builder = new PartitionBuilder(index, jobs, pending, checkpointStore, time, NullLogger<PartitionBuilder>.Instance);
        var owner = new PartitionOwner(process.Name, Seam.Of(servers.Redis.Leases, process, Server.Redis), Seam.Of(servers.Redis.Roster, process, Server.Redis));
        var caller = Seam.Of<ITargetCaller>(new TargetTwin(process, ledger), process, Server.Target);
        _worker = new Worker(queue, outcomes, [caller], new WorkerOptions { MaxPerDestination = 10_000 }, new NodeName(process.Name), time, NullLogger<Worker>.Instance);
        _placement = new PlacementDriver(
            process,
            owner,
            servers.Redis.Index,
            partitions,
            partition => new DuePartition(partition, index, queue, builder, checkpoints, time, NullLogger<DuePartition>.Instance),
            ledger);
        ILoop[] loops =
        [
            _worker,
            checkpoints,
            new Settler(outcomes, index, pending, time, NullLogger<Settler>.Instance),
            new Heartbeat(_worker),
            new HistoryWriter(outcomes, Seam.Of<IHistory>(servers.History, process, Server.ClickHouse), NullLogger<HistoryWriter>.Instance),
        ];
        _drivers = [.. loops.Select(loop => new LoopDriver(process, loop, ledger))];
        var nonce = 0;
        Desk = new JobDesk(process, new JobBook(jobs, pending, index, () => $"{process.Name}-{++nonce}", time), ledger);
    }

    public NodeProcess Process { get; }

    public bool IsStopping { get; private set; }

    /// <summary>Where changes of jobs go.</summary>
    public JobDesk Desk { get; }

    public void Start()
    {
        _placement.Start();
        foreach (var driver in _drivers)
            driver.Start();
    }

    /// <summary>A stop on purpose: nothing new begins, what runs ends, then the process does.</summary>
    public async Task StopAsync()
    {
        Process.Note("is told to stop");
        IsStopping = true;
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
