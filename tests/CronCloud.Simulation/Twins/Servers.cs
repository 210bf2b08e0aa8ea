namespace CronCloud.Simulation.Twins;

/// <summary>What all nodes share and what outlives them: SQL, Redis, NATS and ClickHouse of one world.</summary>
internal sealed class Servers(TimeProvider time)
{
    public JobStoreTwin Jobs { get; } = new(time);

    public PendingStoreTwin Pending { get; } = new();

    public DeadLetterStoreTwin DeadLetters => field ??= new DeadLetterStoreTwin(Pending, time);

    public CheckpointStoreTwin Checkpoints { get; } = new();

    public RedisTwin Redis { get; } = new(time);

    public ExecutionQueueTwin Queue { get; } = new(time);

    public OutcomeStreamTwin Outcomes { get; } = new(time);

    public IncidentStoreTwin Incidents => field ??= new IncidentStoreTwin(Jobs);

    public HistoryTwin History { get; } = new();
}
