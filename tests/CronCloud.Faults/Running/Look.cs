namespace CronCloud.Faults.Running;

/// <summary>Waiting for what can only be looked at.</summary>
internal static class Look
{
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan patience, string what, TimeProvider time)
    {
        var limit = time.GetUtcNow() + patience;
        while (!await holds())
        {
            if (time.GetUtcNow() > limit)
                throw new TimeoutException($"{what} did not come within {patience.TotalSeconds} s.");
            await Task.Delay(Pause, time);
        }
    }
}
