using CronCloud.Backends.Tests.DueIndex;
using CronCloud.Backends.Tests.History;
using CronCloud.Backends.Tests.Sql;
using CronCloud.Backends.Tests.Streams;
using CronCloud.Core.Alerts;
using CronCloud.Core.Cluster;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Simulation.Twins;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Backends.Tests.Simulation;

/// <summary>What the simulation runs on keeps the promises that the real servers keep.</summary>
public sealed class SimulatedExecutionQueueTests : ExecutionQueueContract
{
    private readonly AdvancingTime _time = new();
    private ExecutionQueueTwin _queue = null!;

    protected override Task<IExecutionQueue> OpenAsync()
    {
        _queue = new ExecutionQueueTwin(_time);
        return Task.FromResult<IExecutionQueue>(_queue);
    }

    /// <summary>It outlives every process of its world.</summary>
    protected override Task<IExecutionQueue> ReopenAsync() => Task.FromResult<IExecutionQueue>(_queue);

    protected override Task PassAckWaitAsync()
    {
        _time.Skip(TimeSpan.FromSeconds(5));
        return Task.CompletedTask;
    }
}

public sealed class SimulatedOutcomeStreamTests : OutcomeStreamContract
{
    protected override Task<IOutcomeStream> OpenAsync() => Task.FromResult<IOutcomeStream>(new OutcomeStreamTwin(TimeProvider.System));
}

public sealed class SimulatedRecordTests : RecordContract
{
    private readonly Servers _servers = new(TimeProvider.System);

    protected override IJobStore Jobs => _servers.Jobs;

    protected override IPendingStore Pending => _servers.Pending;

    protected override ICheckpointStore Checkpoints => _servers.Checkpoints;

    protected override IDeadLetterStore DeadLetters => _servers.DeadLetters;
}

public sealed class SimulatedHistoryTests : HistoryContract
{
    protected override Task<IHistory> OpenAsync() => Task.FromResult<IHistory>(new HistoryTwin());
}

public sealed class SimulatedDueIndexTests : DueIndexContract
{
    protected override Task<IDueIndex> OpenAsync() => Task.FromResult(new RedisTwin(TimeProvider.System).Index);
}

public sealed class SimulatedLeasesTests : PartitionLeasesContract
{
    private readonly FakeTimeProvider _time = new();

    protected override Task<IPartitionLeases> OpenAsync() => Task.FromResult(new RedisTwin(_time).Leases);

    protected override Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }
}

public sealed class SimulatedRosterTests : RosterContract
{
    private readonly FakeTimeProvider _time = new();

    protected override Task<IRoster> OpenAsync() => Task.FromResult(new RedisTwin(_time).Roster);

    protected override Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }
}

public sealed class SimulatedIncidentStoreTests : IncidentStoreContract
{
    private readonly JobStoreTwin _jobs = new(TimeProvider.System);
    private IncidentStoreTwin? _incidents;

    protected override IIncidentStore Incidents => _incidents ??= new IncidentStoreTwin(_jobs);

    protected override IJobStore Jobs => _jobs;
}
