using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Alerts;

/// <summary>
/// Tells people: news that is due is addressed, composed and delivered. Any number of nodes may run it. Each step is written before the next begins, so that whatever dies in
/// between is gone on with by another, and nothing is told less than once.
/// </summary>
public sealed class Notifier(Addresser addresser, Composer composer, Courier courier) : ILoop
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public string Name => "notifier";

    /// <summary>A send that does not end is given up before.</summary>
    public TimeSpan Limit => TimeSpan.FromMinutes(2);

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var isMore = await addresser.RunOnceAsync(cancellation);
        if (!isMore) // what comes together is told together
            await composer.RunOnceAsync(cancellation);
        return await courier.RunOnceAsync(cancellation) || isMore ? TimeSpan.Zero : Pause;
    }
}
