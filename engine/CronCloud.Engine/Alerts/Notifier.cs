using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Alerts;

/// <summary>
/// Makes messages of news: what is due is addressed, and composed as soon as it is, however much more there is to address. Any number of nodes may run it, and each
/// <see cref="Courier"/> goes on from there. Each step is written before the next begins, so that whatever dies in between is gone on with by another.
/// </summary>
public sealed class Notifier(Addresser addresser, Composer composer) : ILoop
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public string Name => "notifier";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var isMore = await addresser.RunOnceAsync(cancellation);
        await composer.RunOnceAsync(cancellation);
        return isMore ? TimeSpan.Zero : Pause;
    }
}
