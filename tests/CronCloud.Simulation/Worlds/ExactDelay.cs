namespace CronCloud.Simulation.Worlds;

/// <summary>A delay to the tick. Task.Delay cuts off what is finer than a millisecond: where time stands still meanwhile, waiting for the rest never ends.</summary>
internal static class ExactDelay
{
    public static async Task DelayExactlyAsync(this TimeProvider time, TimeSpan delay, CancellationToken cancellation)
    {
        var over = new TaskCompletionSource();
        await using var timer = time.CreateTimer(o => ((TaskCompletionSource)o!).TrySetResult(), over, delay, Timeout.InfiniteTimeSpan);
        await using var cancelled = cancellation.Register(o => ((TaskCompletionSource)o!).TrySetCanceled(cancellation), over);
        await over.Task;
    }
}
