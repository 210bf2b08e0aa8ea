using CronCloud.Core.History;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.History;

/// <summary>The query of a list as SQL.</summary>
internal static class SqliteHistorySearch
{
    /// <summary>
    /// The attempts of a page. Executions are found by any attempt that has the text, and judged by their last one: SQLite takes a bare column from the row
    /// that has the maximum.
    /// </summary>
    public static SqliteCommand Command(SqliteConnection connection, HistoryQuery query)
    {
        var command = connection.CreateCommand();
        var where = Where(query, command);
        var found = query.Text is { } text ? $" AND (job_id, scheduled_at, execution_id) IN (SELECT job_id, scheduled_at, execution_id FROM attempts WHERE {where} AND {SqliteText.Condition(text, command)})" : "";
        command.CommandText = $"""
            WITH page AS (
              SELECT job_id, scheduled_at, execution_id, status, MAX(attempt) AS last FROM attempts
              WHERE {where}{found}
              GROUP BY scheduled_at, execution_id, job_id
              HAVING {(query.Status is null ? "last >= 0" : "last >= 0 AND status = $status")}
              ORDER BY scheduled_at DESC, execution_id DESC LIMIT $limit)
            SELECT {SqliteHistoryRows.ColumnsWithoutOutput} FROM attempts
            WHERE tenant = $tenant AND (job_id, scheduled_at, execution_id) IN (SELECT job_id, scheduled_at, execution_id FROM page)
            ORDER BY scheduled_at DESC, execution_id DESC, attempt
            """;
        if (query.Status is { } status)
            command.Parameters.AddWithValue("$status", (int)status);
        command.Parameters.AddWithValue("$limit", query.Limit);
        return command;
    }

    public static string Where(HistoryQuery query, SqliteCommand command)
    {
        var conditions = new List<string> { "tenant = $tenant" };
        void Add(string condition, string name, object value)
        {
            conditions.Add(condition);
            command.Parameters.AddWithValue(name, value);
        }

        command.Parameters.AddWithValue("$tenant", query.Tenant);
        if (query.JobId is { } job)
            Add("job_id = $job", "$job", job);
        if (query.From is { } from)
            Add("scheduled_at >= $from", "$from", from.ToUnixTimeMilliseconds());
        if (query.To is { } to)
            Add("scheduled_at < $to", "$to", to.ToUnixTimeMilliseconds());
        if (query.After is { } after)
        {
            Add("(scheduled_at, execution_id) < ($afterAt, $afterId)", "$afterAt", after.ScheduledAt.ToUnixTimeMilliseconds());
            command.Parameters.AddWithValue("$afterId", after.ExecutionId);
        }

        return string.Join(" AND ", conditions);
    }
}
