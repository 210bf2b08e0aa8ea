using CronCloud.Core.Alerts;
using CronCloud.Core.Clocks;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Alerts;
using CronCloud.Engine.Clocks;
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

/// <summary>The product's own classes for all roles of a node, composed as the product composes them, on seams that fail.</summary>
internal sealed class NodeParts
{
    private readonly DuePartitionParts _due;
    private readonly TimeProvider _time;

    public NodeParts(NodeProcess process, Servers servers, IReadOnlySet<int> partitions, Mutant mutant, Ledger ledger)
    {
        var clock = new DisciplinedClock(process.Time);
        _time = clock;
        var seams = new MutantSeams(mutant, Seam.Of(servers.Redis.Index, process, Server.Redis), Seam.Of<IExecutionQueue>(servers.Queue, process, Server.Nats));
        var (index, queue) = (seams.Index, seams.Queue);
        var outcomes = Seam.Of<IOutcomeStream>(servers.Outcomes, process, Server.Nats);
        var jobs = Seam.Of<IJobStore>(servers.Jobs, process, Server.Sql);
        var pending = Seam.Of<IPendingStore>(servers.Pending, process, Server.Sql);
        var letters = Seam.Of<IDeadLetterStore>(servers.DeadLetters, process, Server.Sql);
        var checkpointStore = Seam.Of<ICheckpointStore>(servers.Checkpoints, process, Server.Sql);
        var incidents = Seam.Of<IIncidentStore>(servers.Incidents, process, Server.Sql);
        var history = Seam.Of<IHistory>(servers.History, process, Server.ClickHouse);
        var starts = new KnownStarts(history, letters, clock, NullLogger<KnownStarts>.Instance);
        KnownEnds NewEnds() => new(history, letters, clock, NullLogger<KnownEnds>.Instance);
        var opened = 0;
        var (name, checkpoints) = (new NodeName(process.Name), new Checkpoints(checkpointStore, clock));
        var armed = mutant == Mutant.HastyCheckpoint ? new Checkpoints(checkpointStore, clock) : checkpoints;
        if (mutant == Mutant.HastyCheckpoint)
            checkpoints.Armed(partitions.ToDictionary(partition => partition, _ => DateTimeOffset.MaxValue - Checkpoint.ArmingMargin));

        Leases = new LeaseView(Seam.Of(servers.Redis.Leases, process, Server.Redis), partitions);
        Owner = new PartitionOwner(process.NodeName, Leases, Seam.Of(servers.Redis.Roster, process, Server.Redis), clock, () => _due!.Clock.IsTrusted);
        var edits = new RecordedEdits(index, jobs, clock, NullLogger<RecordedEdits>.Instance);
        var dispatcher = new Dispatcher(index, queue, outcomes, pending, edits, name, clock, NullLogger<Dispatcher>.Instance);
        _due = new DuePartitionParts(
            index,
            edits,
            dispatcher,
            new LostFlights(index, dispatcher, queue, outcomes, history, clock, NullLogger<LostFlights>.Instance),
            new PartitionBuilder(index, jobs, pending, checkpointStore, new Known(starts, NewEnds()), clock, NullLogger<PartitionBuilder>.Instance),
            checkpoints,
            new CatchUpBudget(queue),
            new IndexWatch(index),
            new DispatchPace(clock),
            new ClockGuard(clock, process.Time, References(process), NullLogger<ClockGuard>.Instance));

        var caller = Seam.Of<ITargetCaller>(new TargetTwin(process, ledger), process, Server.Target);
        Worker = new Worker(queue, outcomes, [caller], new WorkerOptions { MaxPerDestination = 10_000 }, name, clock, NullLogger<Worker>.Instance);
        Loops =
        [
            Worker,
            _due.Clock,
            _due.IndexWatch,
            _due.CatchUp,
            checkpoints,
            new Settler(outcomes, index, pending, letters, NewEnds(), new ExecutionEvents([]), clock, NullLogger<Settler>.Instance),
            new Heartbeat(Worker),
            new HistoryWriter(outcomes, history, clock, NullLogger<HistoryWriter>.Instance),
            new IncidentReader(outcomes, incidents, () => $"inc-{process.Name}-{++opened}", clock, NullLogger<IncidentReader>.Instance),
            new IncidentClosing(incidents, clock, NullLogger<IncidentClosing>.Instance),
        ];
        if (mutant != Mutant.NoEpoch)
        {
            var findings = new Findings(NullLogger<Findings>.Instance);
            ILoop[] scans = [new RecordScan(Owner, index, jobs, pending, checkpointStore, _due.Backlog, findings, clock), new ChangeScan(Owner, index, jobs, pending, checkpointStore, armed, _due.Backlog, starts, findings, clock), new InvariantScan(Owner, index, pending, findings, clock)];
            Loops = [.. Loops, .. scans.Select(scan => new SlowLoop(scan))];
        }

        var nonce = 0;
        Book = new JobBook(jobs, pending, checkpointStore, index, () => $"{process.Name}-{++nonce}", clock);
        Redrive = new Redrive(letters, index, clock);
    }

    public Worker Worker { get; }

    public ClockGuard Guard => _due.Clock;

    public LeaseView Leases { get; }

    public PartitionOwner Owner { get; }

    public JobBook Book { get; }

    public Redrive Redrive { get; }

    /// <summary>All but those of partitions; the worker first.</summary>
    public IReadOnlyList<ILoop> Loops { get; }

    public DuePartition DuePartitionOf(int partition) => new(partition, _due, _time);

    private static IReferenceClock[] References(NodeProcess process) =>
    [
        Seam.Of<IReferenceClock>(new ReferenceClockTwin("redis", process.World.Time), process, Server.Redis),
        Seam.Of<IReferenceClock>(new ReferenceClockTwin("sql", process.World.Time), process, Server.Sql),
    ];

    /// <summary>Goes round less often: it looks at few partitions, and what it mends is given a minute. Most of a world's time would be spent on it.</summary>
    private sealed class SlowLoop(ILoop loop) : ILoop
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(4);

        public string Name => loop.Name;

        public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
        {
            await loop.RunOnceAsync(cancellation);
            return Pause;
        }
    }
}
