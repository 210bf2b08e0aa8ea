using System.Diagnostics.Metrics;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Telemetry;

/// <summary>
/// How much waits in the execution queue and for each reader of outcomes, asked of the streams every five seconds. All schedulers tell the same figures: take the highest.
/// While the streams do not answer there is no figure, rather than an old one, also when they hang.
/// </summary>
public sealed class StreamDepths : ILoop, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Two looks may be missed before a figure is an old one.</summary>
    private static readonly TimeSpan Life = 3 * Interval;

    private static readonly KeyValuePair<string, object?>[] Readers = Tag.PerValueOf<OutcomeReader>("reader");

    private readonly IExecutionQueue _queue;
    private readonly IOutcomeStream _outcomes;
    private readonly TimeProvider _time;
    private volatile Depths? _last;

    public StreamDepths(IExecutionQueue queue, IOutcomeStream outcomes, TimeProvider time)
    {
        (_queue, _outcomes, _time) = (queue, outcomes, time);
        Meter.CreateObservableGauge("croncloud.queue.depth", () => Tell(d => d.Waiting), "{attempt}", "Attempts in the queue that no worker has taken");
        Meter.CreateObservableGauge("croncloud.queue.taken", () => Tell(d => d.Taken), "{attempt}", "Attempts in the queue that workers have taken and not acknowledged");
        Meter.CreateObservableGauge("croncloud.queue.age", () => Tell(d => d.Oldest is { } oldest ? Math.Max(0, (_time.GetUtcNow() - oldest).TotalSeconds) : 0), "s", "Age of the oldest attempt in the queue, taken or not");
        Meter.CreateObservableGauge("croncloud.outcome.lag", Lags, "{message}", "Messages that a reader has not acknowledged: outcomes that end together share one, up to a hundred");
    }

    internal Meter Meter { get; } = new(EngineMeter.Name);

    public string Name => "stream depths";

    public TimeSpan Limit => Interval;

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        try
        {
            var state = await _queue.ReadStateAsync(cancellation);
            var taken = await _queue.CountAsync(cancellation) - state.Waiting;
            var lags = new long[Readers.Length];
            foreach (var reader in Enum.GetValues<OutcomeReader>())
                lags[(int)reader] = await _outcomes.CountAsync(reader, cancellation);
            _last = new Depths(_time.GetUtcNow(), state.Waiting, Math.Max(0, taken), state.Oldest, lags);
            return Interval;
        }
        catch
        {
            _last = null;
            throw;
        }
    }

    public void Dispose() => Meter.Dispose();

    private Depths? Last => _last is { } last && _time.GetUtcNow() - last.At < Life ? last : null;

    private IEnumerable<Measurement<T>> Tell<T>(Func<Depths, T> figure)
        where T : struct => Last is { } last ? [new Measurement<T>(figure(last))] : [];

    private IEnumerable<Measurement<long>> Lags() => Last is { } last ? last.Lags.Select((lag, reader) => new Measurement<long>(lag, Readers[reader])) : [];

    private sealed record Depths(DateTimeOffset At, long Waiting, long Taken, DateTimeOffset? Oldest, long[] Lags);
}
