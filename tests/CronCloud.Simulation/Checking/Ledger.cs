using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;
using CronCloud.Simulation.Nodes;
using CronCloud.Simulation.Scenarios;

namespace CronCloud.Simulation.Checking;

/// <summary>What the world outside saw: the calls that targets got, and what clients asked and were answered. Kept by nobody of the product.</summary>
internal sealed class Ledger(World world)
{
    private readonly List<TargetCall> _calls = [];
    private readonly List<Operation> _operations = [];
    private readonly List<string> _bugs = [];
    private readonly List<DateTimeOffset> _losses = [];
    private readonly List<(DateTimeOffset From, DateTimeOffset Until)> _cuts = [];
    private readonly List<RedriveAsk> _redrives = [];

    /// <summary>When the due index lost something.</summary>
    public IReadOnlyList<DateTimeOffset> Losses => _losses;

    /// <summary>When there was no node, since there was no power.</summary>
    public IReadOnlyList<(DateTimeOffset From, DateTimeOffset Until)> Cuts => _cuts;

    public IReadOnlyList<RedriveAsk> Redrives => _redrives;

    public IReadOnlyList<TargetCall> Calls => _calls;

    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Exceptions that no server's absence explains.</summary>
    public IReadOnlyList<string> Bugs => _bugs;

    /// <summary>Another story than what happened, to see that the checker does not believe it.</summary>
    public Ledger Forged(Func<IEnumerable<TargetCall>, IEnumerable<TargetCall>> calls, Func<Operation, Operation>? operations = null)
    {
        var forged = new Ledger(world);
        forged._calls.AddRange(calls(_calls));
        forged._redrives.AddRange(_redrives);
        forged._losses.AddRange(_losses);
        forged._cuts.AddRange(_cuts);
        forged._operations.AddRange(operations is null ? _operations : _operations.Select(operations));
        return forged;
    }

    public TargetCall AddCall(NodeProcess node, Execution execution, Reply reply)
    {
        var call = new TargetCall(world.Now, execution, reply);
        _calls.Add(call);
        node.Note($"calls {execution.MessageId} of version {execution.JobVersion}: {reply.Answer.Result} in {reply.Duration.TotalMilliseconds:0} ms");
        return call;
    }

    public Operation AddOperation(JobKey key, JobAction? action, JobDefinition? definition)
    {
        var operation = new Operation(_operations.Count, key, action, definition, world.Now);
        _operations.Add(operation);
        world.Trace.Add("client", $"asks #{operation.Number} {operation.What} of {key}");
        return operation;
    }

    public void Answer(Operation operation, JobReply? reply)
    {
        operation.Reply = reply;
        operation.AnsweredAt = world.Now;
        var what = reply switch
        {
            null => "nothing",
            { Job: { } job } => $"version {job.Version}, {job.State}",
            { ExecutionId: { } execution } => execution,
            { Refused: { } refused } => refused.Message,
            _ => reply.Unavailable,
        };
        world.Trace.Add("client", $"hears of #{operation.Number} {operation.What} of {operation.Key}: {what}");
    }

    public void AddLoss() => _losses.Add(world.Now);

    public void AddCut(DateTimeOffset from, DateTimeOffset until) => _cuts.Add((from, until));

    public RedriveAsk AddRedrive(string attemptId)
    {
        _redrives.Add(new RedriveAsk(attemptId));
        world.Trace.Add("client", $"asks for a redrive after {attemptId}");
        return _redrives[^1];
    }

    public void AddFailure(NodeProcess node, string where, Exception failure)
    {
        node.Note($"{where} fails: {failure.Message}");
        if (failure is not (IOException or OperationCanceledException or TimeoutException))
            _bugs.Add($"{where} on {node.Name}: {failure}");
    }
}

/// <summary>A call that a target got, at the true time.</summary>
internal sealed record TargetCall(DateTimeOffset At, Execution Execution, Reply Reply)
{
    /// <summary>What a target tells executions apart by.</summary>
    public string Key => $"{Execution.Tenant}/{Execution.ExecutionId}";

    /// <summary>Null when the caller died before.</summary>
    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>When the target has ended, whoever still listens.</summary>
    public DateTimeOffset EndsAt => At + Reply.Duration;
}

/// <summary>Something that a client asked. Action null is a trigger.</summary>
internal sealed record Operation(int Number, JobKey Key, JobAction? Action, JobDefinition? Definition, DateTimeOffset AskedAt)
{
    public string What => Action?.ToString() ?? "Trigger";

    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>Null is no answer: it may have happened or not.</summary>
    public JobReply? Reply { get; set; }
}

/// <summary>A client asked for a new round after an attempt. Answer null is none: it may have happened or not.</summary>
internal sealed record RedriveAsk(string AttemptId)
{
    public bool? Answer { get; set; }
}
