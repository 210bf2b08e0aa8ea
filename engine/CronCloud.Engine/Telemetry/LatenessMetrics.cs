using System.Diagnostics.Metrics;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Telemetry;

/// <summary>
/// How late executions that a schedule named are at three points of their way. Only the first attempt counts: a retry is late because another attempt failed, and a redrive because people
/// decided so. It counts once: what comes to a second worker was counted by the first, or is counted as lost.
/// </summary>
internal static class LatenessMetrics
{
    private static readonly Histogram<double> OfAll = EngineMeter.Meter.CreateHistogram(
        "croncloud.execution.lateness", "s", "From an execution's due time to where its first attempt is dispatched, started, settled", tags: null, EngineMeter.Lateness);

    private static readonly Histogram<double> OfTenants = EngineMeter.Meter.CreateHistogram(
        "croncloud.tenant.lateness", "s", "From an execution's due time to the start of its first attempt, by tenant", tags: null, EngineMeter.CoarseLateness);

    private static readonly KeyValuePair<string, object?> AtDispatch = Tag.Of("stage", "dispatched");
    private static readonly KeyValuePair<string, object?> AtStart = Tag.Of("stage", "started");
    private static readonly KeyValuePair<string, object?> AtSettling = Tag.Of("stage", "settled");
    private static readonly KeyValuePair<string, object?>[] Overlaps = Tag.PerValueOf<Overlap>("overlap");

    public static void Dispatched(Execution execution, DateTimeOffset at)
    {
        if (execution is { Trigger: Trigger.Schedule, Attempt: 1, Redispatch: 0 })
            OfAll.Record(Seconds(execution, at), AtDispatch, Overlaps[(int)execution.Overlap]);
    }

    /// <param name="execution">The attempt as the worker has it.</param>
    /// <param name="earlierClaims">How many workers had it before.</param>
    /// <param name="at">When its call began.</param>
    public static void Started(Execution execution, int earlierClaims, DateTimeOffset at)
    {
        if (!IsFirstCall(execution) || execution is not { Redispatch: 0, Returns: 0 } || earlierClaims > 0)
            return;
        OfAll.Record(Seconds(execution, at), AtStart, Overlaps[(int)execution.Overlap]);
        OfTenants.Record(Seconds(execution, at), TenantTags.OfProcess.Of(execution.Tenant));
    }

    public static void Settled(Execution execution, DateTimeOffset at)
    {
        if (IsFirstCall(execution))
            OfAll.Record(Seconds(execution, at), AtSettling, Overlaps[(int)execution.Overlap]);
    }

    /// <summary>An attempt that was put off was none.</summary>
    private static bool IsFirstCall(Execution execution) => execution is { Trigger: Trigger.Schedule, FirstAttempt: 1, Number: 1 };

    /// <summary>Another node's clock may be behind by milliseconds.</summary>
    private static double Seconds(Execution execution, DateTimeOffset at) => Math.Max(0, (at - execution.ScheduledAt).TotalSeconds);
}
