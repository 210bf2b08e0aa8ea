using System.Diagnostics.Metrics;
using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Executing;

/// <summary>The worker's traffic, errors and latency.</summary>
internal static class WorkerMetrics
{
    private static readonly Counter<long> Starts = EngineMeter.Meter.CreateCounter<long>("croncloud.attempts.started", "{attempt}", "Attempts that workers began");
    private static readonly Counter<long> Attempts = EngineMeter.Meter.CreateCounter<long>("croncloud.attempts", "{attempt}", "Attempts that workers made or put off, by result");
    private static readonly Histogram<double> Durations = EngineMeter.Meter.CreateHistogram("croncloud.attempt.duration", "s", "How long targets took, by result", tags: null, EngineMeter.Durations);
    private static readonly Histogram<double> Waits = EngineMeter.Meter.CreateHistogram("croncloud.queue.wait", "s", "From the dispatch of an attempt to its start", tags: null, EngineMeter.Lateness);
    private static readonly UpDownCounter<long> Running = EngineMeter.Meter.CreateUpDownCounter<long>("croncloud.tenant.running", "{attempt}", "Attempts that run now, by tenant");
    private static readonly Counter<long> Crashes = EngineMeter.Meter.CreateCounter<long>("croncloud.worker.crashes", "{execution}", "Executions given up since their workers died of them (worker-crash)");
    private static readonly Counter<long> Copies = EngineMeter.Meter.CreateCounter<long>("croncloud.worker.copies", "{message}", "Copies of messages that came after their executions had ended, and were not run");
    private static readonly Counter<long> Returned = EngineMeter.Meter.CreateCounter<long>("croncloud.worker.returned", "{attempt}", "Attempts that workers gave back to the queue");
    private static readonly Counter<long> Waiting = EngineMeter.Meter.CreateCounter<long>("croncloud.outcome.retries", "{try}", "Tries to publish an outcome that the stream did not take");

    private static readonly KeyValuePair<string, object?>[] Results = Tag.PerValueOf<AttemptResult>("result");
    private static readonly KeyValuePair<string, object?> Http = Tag.Of("target", "http");
    private static readonly KeyValuePair<string, object?> Nats = Tag.Of("target", "nats");

    public static void Begin()
    {
        foreach (var result in Results.Where((_, i) => (AttemptResult)i is not (AttemptResult.Skipped or AttemptResult.Missed)))
        {
            Attempts.Add(0, result, Http);
            Attempts.Add(0, result, Nats);
        }

        Starts.Add(0);
        Crashes.Add(0);
        Copies.Add(0);
        Returned.Add(0);
        Waiting.Add(0);
    }

    /// <summary>Dispose the answer when the attempt has ended.</summary>
    public static RunningAttempt Started(Execution execution, int earlierClaims, DateTimeOffset at)
    {
        Starts.Add(1);
        LatenessMetrics.Started(execution, earlierClaims, at);
        if (execution.DispatchedAt is { } dispatched)
            Waits.Record(Math.Max(0, (at - dispatched).TotalSeconds));
        var tenant = TenantTags.OfProcess.Of(execution.Tenant);
        Running.Add(1, tenant);
        return new RunningAttempt(tenant);
    }

    public static void Ended(Outcome outcome)
    {
        var result = Results[(int)outcome.Result];
        Attempts.Add(1, result, outcome.Execution.Target.Http is null ? Nats : Http);
        if (!outcome.IsPutOff)
            Durations.Record(outcome.DurationMs / 1000.0, result);
    }

    public static void Crashed() => Crashes.Add(1);

    public static void DroppedCopy() => Copies.Add(1);

    public static void GaveBack() => Returned.Add(1);

    public static void OutcomeWaits() => Waiting.Add(1);

    public readonly struct RunningAttempt(KeyValuePair<string, object?> tenant) : IDisposable
    {
        public void Dispose() => Running.Add(-1, tenant);
    }
}
