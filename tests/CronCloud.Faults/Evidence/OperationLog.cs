namespace CronCloud.Faults.Evidence;

/// <summary>What clients asked for, in order. An operation is unknown from the moment it is sent, until an answer says otherwise.</summary>
public sealed class OperationLog(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<Operation> _operations = [];

    public IReadOnlyList<Operation> Read()
    {
        lock (_lock)
            return [.. _operations];
    }

    public async Task<OperationResult> DoAsync(string job, OperationKind kind, JobShape? shape, Func<Task<OperationResult>> send)
    {
        int place;
        var operation = new Operation(job, kind, shape, time.GetUtcNow(), null, OperationResult.Unknown);
        lock (_lock)
        {
            place = _operations.Count;
            _operations.Add(operation);
        }

        var result = await send();
        lock (_lock)
            _operations[place] = operation with { EndedAt = time.GetUtcNow(), Result = result };
        return result;
    }
}
