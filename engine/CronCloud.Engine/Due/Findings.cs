using System.Diagnostics.Metrics;
using CronCloud.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>What the record's scan found wrong: counted and logged. In sound health there is none.</summary>
public sealed partial class Findings(ILogger<Findings> logger)
{
    private static readonly Counter<long> Counter = EngineMeter.Meter.CreateCounter<long>("croncloud.scan.findings", "{finding}", "Invariants that the scan of the record found broken, by kind");

    private static readonly string[] Kinds = ["missing", "stray", "unreadable", "unarmed", "overdue", "unsettled", "slot", "ended"];

    private long _total;

    /// <summary>Since the process started.</summary>
    public long Total => Interlocked.Read(ref _total);

    internal static void Begin()
    {
        foreach (var kind in Kinds)
            Counter.Add(0, new KeyValuePair<string, object?>("kind", kind));
    }

    /// <summary>Kinds: missing, stray, unreadable, unarmed, overdue, unsettled, slot, ended.</summary>
    public void Report(int partition, string kind, string what, bool isMended)
    {
        Interlocked.Increment(ref _total);
        Counter.Add(1, new KeyValuePair<string, object?>("kind", kind));
        if (isMended)
            LogMended(partition, kind, what);
        else
            LogFound(partition, kind, what);
    }

    [LoggerMessage(EventId = 1104, Level = LogLevel.Warning, Message = "Partition {Partition}: {Kind} {What}: mended")]
    private partial void LogMended(int partition, string kind, string what);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Warning, Message = "Partition {Partition}: {Kind} {What}")]
    private partial void LogFound(int partition, string kind, string what);
}
