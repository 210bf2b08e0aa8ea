using CronCloud.Core.Executions;
using CronCloud.Core.Streams;

namespace CronCloud.Engine.Executing;

/// <summary>
/// An execution in a worker's hands, and the deliveries by which it came: after a stall of the worker or a restart of the queue it is handed to the same worker
/// again, which neither runs it twice nor counts as another claim.
/// </summary>
internal sealed class HeldExecution(Execution execution, Delivery delivery)
{
    /// <summary>With so many claims that came to nothing, it may be what kills workers.</summary>
    private const int SuspectFrom = 2;

    private readonly Lock _lock = new();
    private readonly List<Delivery> _deliveries = [delivery];
    private readonly TaskCompletionSource _gone = new();
    private bool _closed;

    public Execution Execution => execution;

    /// <summary>How many workers claimed this attempt before and were not heard of again.</summary>
    public int EarlierClaims { get; } = execution.Claims + delivery.Count - 1;

    public bool IsSuspect => EarlierClaims >= SuspectFrom;

    /// <summary>Whether nothing is left to do but to say so: its attempt was made, its outcome is told, or it was given back. It is not given back any more.</summary>
    public bool IsOver { get; set; }

    /// <summary>Ends when it is out of the worker's hands.</summary>
    public Task Gone => _gone.Task;

    public IReadOnlyList<Delivery> Deliveries
    {
        get
        {
            lock (_lock)
                return [.. _deliveries];
        }
    }

    /// <summary>False when it is being let go already.</summary>
    public bool TryAdd(Delivery again)
    {
        lock (_lock)
        {
            if (!_closed)
                _deliveries.Add(again);
            return !_closed;
        }
    }

    /// <summary>Takes no more deliveries; answers all that there were.</summary>
    public IReadOnlyList<Delivery> Close()
    {
        lock (_lock)
            _closed = true;
        return Deliveries;
    }

    public void LetGo() => _gone.SetResult();
}
