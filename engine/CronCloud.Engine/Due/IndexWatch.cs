using CronCloud.Core.Due;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>Watches for restarts of the due index' server: after one, each partition is compared with the record, since something may be lost.</summary>
public sealed class IndexWatch(IDueIndex index) : ILoop
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private volatile string? _incarnation;

    public string Name => "index watch";

    /// <summary>The server's incarnation; null until it is known.</summary>
    public string? Incarnation => _incarnation;

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        _incarnation = await index.ReadIncarnationAsync(cancellation);
        return Interval;
    }
}
