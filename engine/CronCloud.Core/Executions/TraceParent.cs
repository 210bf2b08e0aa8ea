using System.Diagnostics;

namespace CronCloud.Core.Executions;

/// <summary>W3C trace context in its text form, <c>00-{trace}-{span}-01</c>.</summary>
public static class TraceParent
{
    public static string New() => Of(ActivityTraceId.CreateRandom());

    /// <summary>The same trace with a span of its own: each attempt is one.</summary>
    public static string Child(string traceParent) => $"{traceParent[..36]}{ActivitySpanId.CreateRandom().ToHexString()}-01";

    /// <summary>The 32 hexadecimal digits that all attempts share.</summary>
    public static string TraceId(string traceParent) => traceParent.Substring(3, 32);

    private static string Of(ActivityTraceId trace) => $"00-{trace.ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01";
}
