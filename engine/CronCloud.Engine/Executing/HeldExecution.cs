using CronCloud.Core.Executions;
using CronCloud.Core.Streams;

namespace CronCloud.Engine.Executing;

/// <summary>
/// An execution in a worker's hands, and the deliveries by which it came: after a stall of the worker or a restart of the queue it is handed to the same worker
/// again, which neither runs it twice nor counts as another claim.
/// </summary>
/// <param name="execution">What it is.</param>
/// <param name="delivery">How it came.</param>
/// <param name="asked">When the worker asked the queue for it: the queue counts from a moment after this one.</param>
/// <param name="time">By which the worker counts.</param>
internal sealed class HeldExecution(Execution execution, Delivery delivery, long asked, TimeProvider time)
{
    /// <summary>With so many claims that came to nothing, it may be what kills workers.</summary>
    private const int SuspectFrom = 2;

    private static readonly TimeSpan ClaimLife = Core.Streams.Deliveries.AckWait;

    private readonly Lock _lock = new();
    private readonly List<Delivery> _deliveries = [delivery];
    private readonly TaskCompletionSource _gone = new();
    private bool _closed;
    private long _renewed = asked;
    private bool _lapsed;

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

    /// <summary>Whether the worker stood still for so long that the queue has handed it, or is about to hand it, to another.</summary>
    public bool HasLapsed
    {
        get
        {
            lock (_lock)
                return _lapsed || time.GetElapsedTime(_renewed) >= ClaimLife;
        }
    }

    /// <summary>Tells the queue that it is still at work. A server that is away is no reason to let it go: it counts no time.</summary>
    public Task ExtendAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            _lapsed |= time.GetElapsedTime(_renewed) >= ClaimLife;
            _renewed = time.GetTimestamp();
        }

        return Task.WhenAll(Deliveries.Select(delivery => delivery.ExtendAsync(cancellation).AsTask()));
    }

    /// <summary>False when it is being let go already.</summary>
    public bool TryAdd(Delivery again, long askedAgain)
    {
        lock (_lock)
        {
            if (_closed)
                return false;
            _deliveries.Add(again);
            (_renewed, _lapsed) = (askedAgain, false);
            return true;
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
