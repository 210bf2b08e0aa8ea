namespace CronCloud.Simulation.Worlds;

/// <summary>Runs what is posted in the order of posting, on the thread that made it. So a seed decides every interleaving.</summary>
internal sealed class SingleThread : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _ready = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private volatile string? _escape;

    /// <summary>Whoever posts from another thread has left the world, and what he does there follows from no seed.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId == _thread)
            _ready.Enqueue((d, state));
        else
            _escape ??= $"{(state as Delegate)?.Target} goes on\n{Environment.StackTrace}";
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody may block a world's only thread.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>False when nothing is to be done.</summary>
    public bool RunNext()
    {
        if (_escape is not null)
            throw new InvalidOperationException($"A step of the world ran on another thread:\n{_escape}");
        if (!_ready.TryDequeue(out var next))
            return false;
        next.Callback(next.State);
        return true;
    }
}
