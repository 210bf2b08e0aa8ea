using System.Diagnostics;

namespace CronCloud.Core.Executions;

/// <summary>W3C trace context in its text form, <c>00-{trace}-{span}-01</c>.</summary>
public static class TraceParent
{
    public static string New() => Of(ActivityTraceId.CreateRandom());

    /// <summary>The same trace with a span of its own: each attempt is one. It is sampled as the whole trace is.</summary>
    public static string Child(string traceParent) => $"{traceParent[..36]}{ActivitySpanId.CreateRandom().ToHexString()}{traceParent[52..]}";

    /// <summary>The same context, with the word that nobody records the trace.</summary>
    public static string NotSampled(string traceParent) => traceParent[..53] + "00";

    /// <summary>The 32 hexadecimal digits that all attempts share.</summary>
    public static string TraceId(string traceParent) => traceParent.Substring(3, 32);

    private static string Of(ActivityTraceId trace) => $"00-{trace.ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01";
}
