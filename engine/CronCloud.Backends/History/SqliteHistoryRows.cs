using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.History;

/// <summary>Rows as the SQLite file has them: instants are milliseconds since 1970.</summary>
internal static class SqliteHistoryRows
{
    public const string Columns =
        "tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, dispatched_at, dispatched_by, started_at, duration_ms, node, trace_id, status_code, error, output, next_attempt_at, occurrences, last_due";

    public static readonly string ColumnsWithoutOutput = Columns.Replace("output", "NULL AS output", StringComparison.Ordinal);

    private static readonly string[] Names = [.. Columns.Split(", "), "rank"];

    /// <summary>Answers the row's id, and nothing when what is there is of a higher rank.</summary>
    public static readonly string Upsert =
        $"""
        INSERT INTO attempts ({string.Join(", ", Names)}) VALUES ({string.Join(", ", Names.Select(n => "$" + n))})
        ON CONFLICT (tenant, job_id, scheduled_at, execution_id, attempt) DO UPDATE SET {string.Join(", ", Names.Skip(5).Select(n => $"{n} = excluded.{n}"))} WHERE excluded.rank >= rank
        RETURNING id
        """;

    public static void Bind(SqliteCommand upsert, HistoryRow row)
    {
        upsert.Parameters.Clear();
        foreach (var (name, value) in Names.Zip(Values(row)))
            upsert.Parameters.AddWithValue("$" + name, value ?? DBNull.Value);
    }

    /// <summary>The rows of a command that are ordered by execution, execution by execution.</summary>
    public static IEnumerable<HistoryExecution> Executions(SqliteDataReader reader)
    {
        var attempts = new List<HistoryRow>();
        while (reader.Read())
        {
            var row = Row(reader);
            if (attempts.Count > 0 && (attempts[0].ExecutionId != row.ExecutionId || attempts[0].JobId != row.JobId))
            {
                yield return new HistoryExecution([.. attempts]);
                attempts.Clear();
            }

            attempts.Add(row);
        }

        if (attempts.Count > 0)
            yield return new HistoryExecution(attempts);
    }

    public static async Task<List<HistoryRow>> ReadAsync(SqliteCommand command, CancellationToken cancellation)
    {
        var rows = new List<HistoryRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            rows.Add(Row(reader));
        return rows;
    }

    private static object?[] Values(HistoryRow row) =>
    [
        row.Tenant, row.JobId, Ms(row.ScheduledAt), row.ExecutionId, row.Attempt, (int)row.Status, (int)row.Result, (int)row.Trigger, Ms(row.DispatchedAt), row.DispatchedBy,
        Ms(row.StartedAt), row.DurationMs, row.Node, row.TraceId, row.StatusCode, row.Error, row.Output, Ms(row.NextAttemptAt), row.Occurrences, Ms(row.LastDue), (long)row.Rank,
    ];

    private static HistoryRow Row(SqliteDataReader reader) => new()
    {
        Tenant = reader.GetString(0),
        JobId = reader.GetString(1),
        ScheduledAt = Instant(reader.GetInt64(2)),
        ExecutionId = reader.GetString(3),
        Attempt = reader.GetInt32(4),
        Status = (ExecutionStatus)reader.GetInt32(5),
        Result = (AttemptResult)reader.GetInt32(6),
        Trigger = (Trigger)reader.GetInt32(7),
        DispatchedAt = reader.IsDBNull(8) ? null : Instant(reader.GetInt64(8)),
        DispatchedBy = reader.IsDBNull(9) ? null : reader.GetString(9),
        StartedAt = Instant(reader.GetInt64(10)),
        DurationMs = reader.GetInt64(11),
        Node = reader.GetString(12),
        TraceId = reader.GetString(13),
        StatusCode = reader.IsDBNull(14) ? null : reader.GetInt32(14),
        Error = reader.IsDBNull(15) ? null : reader.GetString(15),
        Output = reader.IsDBNull(16) ? null : reader.GetString(16),
        NextAttemptAt = reader.IsDBNull(17) ? null : Instant(reader.GetInt64(17)),
        Occurrences = reader.GetInt32(18),
        LastDue = reader.IsDBNull(19) ? null : Instant(reader.GetInt64(19)),
    };

    private static long? Ms(DateTimeOffset? instant) => instant?.ToUnixTimeMilliseconds();

    private static DateTimeOffset Instant(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);
}
