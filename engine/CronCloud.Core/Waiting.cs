namespace CronCloud.Core;

/// <summary>Waits for work that goes on when the patience is at its end.</summary>
public static class Waiting
{
    /// <summary>
    /// Whether the work ended, well or not, within the time and before the cancellation. Task.WhenAny with a Task.Delay would tell the same, but a delay that is cancelled
    /// is told of on another thread: in a simulated world, by nobody's seed.
    /// </summary>
    public static async Task<bool> EndsWithinAsync(this Task work, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        await work.WaitAsync(patience, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return work.IsCompleted;
    }
}
