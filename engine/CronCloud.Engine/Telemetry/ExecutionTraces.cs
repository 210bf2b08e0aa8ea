using System.Diagnostics;
using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;

namespace CronCloud.Engine.Telemetry;

/// <summary>
/// The spans of an execution's way: dispatch, attempt, settle, record; all of the trace that the execution carries, and history keeps. The trace begins with the call of the API that
/// asked for the execution, or at the due time. While nobody listens a span costs the look at a flag; of a trace that is not sampled there is none.
/// </summary>
public static class ExecutionTraces
{
    public const string SourceName = "CronCloud";

    private static readonly ActivitySource Source = new(SourceName);

    public static bool IsListenedTo => Source.HasListeners();

    /// <summary>
    /// The trace of what a request asks for. It is sampled as its caller says; without a word of the caller, and with nobody to export it, it may be sampled by others.
    /// </summary>
    public static string? Of(Activity? request)
    {
        if (request is not { IdFormat: ActivityIdFormat.W3C })
            return null;
        var isSampled = request.Recorded || (request.ParentId is null && !IsListenedTo);
        return $"00-{request.TraceId.ToHexString()}-{request.SpanId.ToHexString()}-{(isSampled ? "01" : "00")}";
    }

    /// <summary>From the due time of an occurrence, or now, until the queue has the attempt. Its id goes with the attempt: what follows is below it.</summary>
    internal static Activity? StartDispatch(Execution execution, DateTimeOffset now) =>
        IsNamedBySchedule(execution)
            ? Start("dispatch", ActivityKind.Producer, execution, execution.ScheduledAt, isFirst: true)
            : Start("dispatch", ActivityKind.Producer, execution, now);

    /// <summary>The call of the target, which gets its id as <c>traceparent</c>.</summary>
    internal static Activity? StartAttempt(Execution execution, DateTimeOffset now) => Start("attempt", ActivityKind.Client, execution, now);

    /// <summary>Ends the span of an attempt with what came of it.</summary>
    internal static void Tell(this Activity attempt, Outcome outcome, DateTimeOffset at)
    {
        attempt.SetTag("croncloud.result", outcome.Result.ToString()).SetTag("croncloud.node", outcome.Node);
        if (outcome.StatusCode is { } status)
            attempt.SetTag("http.response.status_code", status);
        if (outcome.Result != AttemptResult.Succeeded)
            attempt.SetStatus(ActivityStatusCode.Error, outcome.Error);
        attempt.EndAt(at);
    }

    internal static void Settled(Outcome outcome, ExecutionStatus status, DateTimeOffset from, DateTimeOffset to)
    {
        using var span = Start("settle", ActivityKind.Consumer, outcome.Execution, from, IsUndispatched(outcome));
        span?.SetTag("croncloud.status", status.ToString());
        span?.EndAt(to);
    }

    /// <summary>A span of each execution, not of each batch: it is the last one of its trace, and only those that are sampled have one.</summary>
    internal static void Recorded(Outcome outcome, int batch, DateTimeOffset from, DateTimeOffset to)
    {
        using var span = Start("record", ActivityKind.Consumer, outcome.Execution, from, IsUndispatched(outcome));
        span?.SetTag("croncloud.batch", batch);
        span?.EndAt(to);
    }

    /// <summary>By the time that all goes by, not by the machine's clock.</summary>
    internal static void EndAt(this Activity span, DateTimeOffset at)
    {
        span.SetEndTime(at.UtcDateTime);
        span.Stop();
    }

    private static bool IsNamedBySchedule(Execution execution) => execution is { Trigger: Trigger.Schedule, Attempt: 1, Redispatch: 0 };

    /// <summary>An occurrence that was let go: no dispatch has a span.</summary>
    private static bool IsUndispatched(Outcome outcome) => outcome.IsDropped && IsNamedBySchedule(outcome.Execution);

    /// <summary>The trace has its id before its first span, above which there is none. Of a trace that is not sampled none is made: the library would make one, for its id alone.</summary>
    private static Activity? Start(string name, ActivityKind kind, Execution execution, DateTimeOffset at, bool isFirst = false)
    {
        if (!Source.HasListeners() || !ActivityContext.TryParse(execution.TraceParent, null, isRemote: true, out var parent) || !parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
            return null;
        var above = isFirst ? new ActivityContext(parent.TraceId, default, parent.TraceFlags) : parent;
        var current = Activity.Current;
        var span = Source.StartActivity(name, kind, above, tags: null, links: null, startTime: at);
        Activity.Current = current; // many executions are on their way side by side: none is inside another
        return span?.SetTag("croncloud.tenant", execution.Tenant)
            .SetTag("croncloud.job", execution.JobId)
            .SetTag("croncloud.execution", execution.ExecutionId)
            .SetTag("croncloud.attempt", execution.Attempt);
    }
}
