using System.Diagnostics.Metrics;
using CronCloud.Core.Executions;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Due;

/// <summary>The scheduler's traffic, errors and latency.</summary>
internal static class DispatchMetrics
{
    private static readonly Counter<long> Executions = EngineMeter.Meter.CreateCounter<long>("croncloud.dispatch.executions", "{attempt}", "Attempts that the queue took");
    private static readonly Counter<long> Delays = EngineMeter.Meter.CreateCounter<long>("croncloud.dispatch.delayed", "{entry}", "Due entries that stayed due after a round of dispatch, by reason");
    private static readonly Counter<long> Again = EngineMeter.Meter.CreateCounter<long>("croncloud.dispatch.lost", "{attempt}", "Attempts without an outcome by their deadline, by what was done about them");
    private static readonly Histogram<double> Rounds = EngineMeter.Meter.CreateHistogram("croncloud.dispatch.duration", "s", "A round of dispatch: plan, claim, publish, advance", tags: null, EngineMeter.Durations);

    private static readonly KeyValuePair<string, object?>[] Triggers = Tag.PerValueOf<Trigger>("trigger");
    private static readonly KeyValuePair<string, object?> Refused = Tag.Of("reason", "refused");
    private static readonly KeyValuePair<string, object?> Held = Tag.Of("reason", "held");
    private static readonly KeyValuePair<string, object?> Unread = Tag.Of("reason", "unreadable");
    private static readonly KeyValuePair<string, object?> Redispatch = Tag.Of("action", "dispatchedAgain");
    private static readonly KeyValuePair<string, object?> Telling = Tag.Of("action", "toldAgain");

    /// <summary>All that may happen is told as 0 from the start: from nothing to one is no increase to whoever reads it.</summary>
    public static void Begin()
    {
        foreach (var trigger in Triggers)
            Executions.Add(0, trigger);
        foreach (var reason in (KeyValuePair<string, object?>[])[Refused, Held, Unread])
            Delays.Add(0, reason);
        foreach (var action in (KeyValuePair<string, object?>[])[Redispatch, Telling])
            Again.Add(0, action);
    }

    public static void Dispatched(Execution execution, DateTimeOffset at)
    {
        Executions.Add(1, Triggers[(int)execution.Trigger]);
        LatenessMetrics.Dispatched(execution, at);
    }

    public static void Ended(Dispatched round, TimeSpan took)
    {
        Rounds.Record(took.TotalSeconds);
        if (round.Refused > 0)
            Delays.Add(round.Refused, Refused);
        if (round.Held > 0)
            Delays.Add(round.Held, Held);
    }

    public static void Unreadable() => Delays.Add(1, Unread);

    public static void DispatchedAgain() => Again.Add(1, Redispatch);

    public static void ToldAgain() => Again.Add(1, Telling);
}
