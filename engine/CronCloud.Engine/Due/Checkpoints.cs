using System.Collections.Concurrent;
using CronCloud.Core.Due;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>How far each partition of this node has come, written to the record every two seconds in one statement.</summary>
public sealed class Checkpoints(ICheckpointStore store, TimeProvider time) : ILoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<int, DateTimeOffset> _reached = [];
    private readonly ConcurrentDictionary<int, DateTimeOffset> _written = [];
    private long _writtenAt;

    public string Name => "checkpoints";

    /// <summary>When the record last took one that had moved; null before the first.</summary>
    public DateTimeOffset? WrittenAt => Interlocked.Read(ref _writtenAt) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Everything due up to the instant is in the queue.</summary>
    public void Reached(int partition, DateTimeOffset instant) => _reached[partition] = instant;

    /// <summary>What this node wrote last; null when it wrote nothing yet.</summary>
    public DateTimeOffset? WrittenOf(int partition) => _written.TryGetValue(partition, out var written) ? written : null;

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var moved = _reached.Where(r => _written.GetValueOrDefault(r.Key) < r.Value).ToDictionary();
        await store.WriteAsync(moved, cancellation);
        foreach (var (partition, instant) in moved)
            _written[partition] = instant;
        if (moved.Count > 0)
            Interlocked.Exchange(ref _writtenAt, time.GetUtcNow().UtcTicks);
        return Interval;
    }
}
