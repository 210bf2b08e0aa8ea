using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.History;

/// <summary>Rows as ClickHouse has them.</summary>
internal static class ClickHouseHistoryRows
{
    public static readonly string[] Names =
    [
        "tenant", "job_id", "scheduled_at", "execution_id", "attempt", "status", "result", "trigger", "dispatched_at", "dispatched_by", "started_at", "duration_ms",
        "node", "trace_id", "status_code", "error", "output", "next_attempt_at", "occurrences", "last_due", "rank",
    ];

    public static readonly string Columns = string.Join(", ", Names);

    public static readonly string ColumnsWithoutOutput = Columns.Replace("output", "NULL AS output_left_out", StringComparison.Ordinal);

    public static object[] Values(HistoryRow row) =>
    [
        row.Tenant, row.JobId, row.ScheduledAt.UtcDateTime, row.ExecutionId, (ushort)row.Attempt, (byte)row.Status, (byte)row.Result, (byte)row.Trigger,
        row.DispatchedAt?.UtcDateTime!, row.DispatchedBy!, row.StartedAt.UtcDateTime, (ulong)row.DurationMs, row.Node, row.TraceId,
        row.StatusCode is { } status ? (ushort)status : null!, row.Error!, row.Output!, row.NextAttemptAt?.UtcDateTime!, (uint)row.Occurrences, row.LastDue?.UtcDateTime!, row.Rank,
    ];

    public static HistoryRow Row(ClickHouseDataReader reader) => new()
    {
        Tenant = reader.GetString(0),
        JobId = reader.GetString(1),
        ScheduledAt = Instant(reader.GetDateTime(2)),
        ExecutionId = reader.GetString(3),
        Attempt = reader.GetFieldValue<ushort>(4),
        Status = (ExecutionStatus)reader.GetByte(5),
        Result = (AttemptResult)reader.GetByte(6),
        Trigger = (Trigger)reader.GetByte(7),
        DispatchedAt = reader.IsDBNull(8) ? null : Instant(reader.GetDateTime(8)),
        DispatchedBy = reader.IsDBNull(9) ? null : reader.GetString(9),
        StartedAt = Instant(reader.GetDateTime(10)),
        DurationMs = (long)reader.GetFieldValue<ulong>(11),
        Node = reader.GetString(12),
        TraceId = reader.GetString(13),
        StatusCode = reader.IsDBNull(14) ? null : reader.GetFieldValue<ushort>(14),
        Error = reader.IsDBNull(15) ? null : reader.GetString(15),
        Output = reader.IsDBNull(16) ? null : reader.GetString(16),
        NextAttemptAt = reader.IsDBNull(17) ? null : Instant(reader.GetDateTime(17)),
        Occurrences = (int)reader.GetFieldValue<uint>(18),
        LastDue = reader.IsDBNull(19) ? null : Instant(reader.GetDateTime(19)),
    };

    /// <summary>A number of any width.</summary>
    public static long Number(this ClickHouseDataReader reader, string column) => Convert.ToInt64(reader.GetValue(reader.GetOrdinal(column)), CultureInfo.InvariantCulture);

    public static DateTimeOffset Instant(DateTime utc) => new(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
}
