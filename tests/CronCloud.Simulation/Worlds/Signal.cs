namespace CronCloud.Simulation.Worlds;

/// <summary>
/// Something to wait for, up to a limit. Task.WhenAny would do it, but goes to another thread where a signal's waiters are not to run inside of the
/// signalling.
/// </summary>
internal sealed class Signal
{
    private readonly List<TaskCompletionSource> _waiting = [];

    /// <summary>Wakes who waits now.</summary>
    public void Set()
    {
        var waiting = _waiting.ToArray();
        _waiting.Clear();
        foreach (var one in waiting)
            one.TrySetResult();
    }

    /// <summary>To be called where nobody else signals meanwhile; the answer may be awaited anywhere.</summary>
    public Task WaitAsync(TimeProvider time, TimeSpan limit, CancellationToken cancellation)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add(over);
        return AwaitAsync(over, time, limit, cancellation);
    }

    private static async Task AwaitAsync(TaskCompletionSource over, TimeProvider time, TimeSpan limit, CancellationToken cancellation)
    {
        await using var timer = time.CreateTimer(o => ((TaskCompletionSource)o!).TrySetResult(), over, limit, Timeout.InfiniteTimeSpan);
        await using var cancelled = cancellation.Register(o => ((TaskCompletionSource)o!).TrySetCanceled(cancellation), over);
        await over.Task;
    }
}
