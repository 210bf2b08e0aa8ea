using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using ClickHouse.Driver.Utility;
using CronCloud.Core.Executions;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>
/// A list in two steps. First the newest executions that one attempt speaks for (it has the status, or the text): that is what indexes and orders can tell. Then all
/// attempts of these, by which they are judged; and again behind the last of them, until there are enough.
/// </summary>
internal sealed class ClickHouseSearch(ClickHouseReads reads)
{
    private const int MostCandidates = 10_000;

    private const string Holds = ClickHouseSchema.Said + " LIKE concat('%', lowerUTF8({text:String}), '%')";

    private static readonly string[] Special = [@"\", "%", "_"];

    /// <summary>As many executions as the limit says, the newest first; fewer when there are no more.</summary>
    public async Task<IReadOnlyList<HistoryExecution>> FindAsync(HistoryQuery query, CancellationToken cancellation)
    {
        var found = new List<HistoryExecution>();
        var after = query.After;
        for (var take = query.Limit; ; take = Math.Min(4 * take, MostCandidates))
        {
            var candidates = await CandidatesAsync(query with { After = after, Limit = take }, cancellation);
            if (candidates.Count > 0)
                found.AddRange((await JudgedAsync(query, candidates, cancellation)).Take(query.Limit - found.Count));
            if (found.Count == query.Limit || candidates.Count < take)
                return found;
            after = candidates[^1];
        }
    }

    private Task<List<HistoryCursor>> CandidatesAsync(HistoryQuery query, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("limit", query.Limit);
        var where = Where(query, parameters);
        var sql = query is { Status: ExecutionStatus.Retrying, Text: null }
            ? Unfinished(where)
            : $$"""
                SELECT scheduled_at, execution_id FROM {{ClickHouseSchema.Attempts}}
                WHERE {{where}}
                ORDER BY scheduled_at DESC, execution_id DESC LIMIT 1 BY scheduled_at, execution_id LIMIT {limit:Int32}
                """;
        return reads.ReadAsync(sql, parameters, reader => new HistoryCursor(ClickHouseHistoryRows.Instant(reader.GetDateTime(0)), reader.GetString(1)), cancellation);
    }

    /// <summary>Nearly all attempts that were to be retried have been: those whose retry is not there yet are told from them by the server.</summary>
    private static string Unfinished(string where) =>
        $$"""
        SELECT scheduled_at, execution_id FROM {{ClickHouseSchema.Attempts}}
        WHERE {{where}}
        GROUP BY scheduled_at, execution_id HAVING argMax(status, (attempt, rank)) = 1
        ORDER BY scheduled_at DESC, execution_id DESC LIMIT {limit:Int32}
        """;

    private async Task<IEnumerable<HistoryExecution>> JudgedAsync(HistoryQuery query, List<HistoryCursor> candidates, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", query.Tenant);
        parameters.AddParameter("instants", candidates.Select(c => c.ScheduledAt.ToUnixTimeMilliseconds()).Distinct().ToArray());
        parameters.AddParameter("executions", candidates.Select(c => c.ExecutionId).ToArray());
        if (query.Text is not null)
            parameters.AddParameter("text", Escaped(query.Text));
        var attempts = await reads.ReadAsync(
            $$"""
            SELECT {{ClickHouseHistoryRows.ColumnsWithoutOutput}}, {{(query.Text is null ? "true" : Holds)}} AS holds FROM {{ClickHouseSchema.Attempts}} FINAL
            WHERE tenant = {tenant:String} AND scheduled_at IN (SELECT fromUnixTimestamp64Milli(arrayJoin({instants:Array(Int64)}), 'UTC')) AND execution_id IN {executions:Array(String)}
            ORDER BY scheduled_at DESC, execution_id DESC, attempt
            """,
            parameters,
            reader => (Row: ClickHouseHistoryRows.Row(reader), Holds: reader.GetBoolean(ClickHouseHistoryRows.Names.Length)),
            cancellation);
        return attempts
            .GroupBy(a => (a.Row.ScheduledAt, a.Row.ExecutionId))
            .Where(execution => execution.Any(a => a.Holds))
            .Select(execution => new HistoryExecution([.. execution.Select(a => a.Row)]))
            .Where(execution => query.Status is null || execution.Last.Status == query.Status);
    }

    private static string Where(HistoryQuery query, ClickHouseParameterCollection parameters)
    {
        var conditions = new List<string> { "tenant = {tenant:String}" };
        parameters.AddParameter("tenant", query.Tenant);
        if (query.JobId is { } job)
        {
            conditions.Add("job_id = {job:String}");
            parameters.AddParameter("job", job);
        }

        if (query.From is { } from)
            conditions.Add($"scheduled_at >= {ClickHouseReads.Instant(from)}");
        if (query.To is { } to)
            conditions.Add($"scheduled_at < {ClickHouseReads.Instant(to)}");
        if (query.After is { } after)
        {
            conditions.Add($$"""(scheduled_at, execution_id) < ({{ClickHouseReads.Instant(after.ScheduledAt)}}, {after_id:String})""");
            parameters.AddParameter("after_id", after.ExecutionId);
        }

        if (query.Text is { } text)
        {
            conditions.Add(Holds);
            parameters.AddParameter("text", Escaped(text));
        }
        else if (query.Status is { } status)
        {
            conditions.Add(status == ExecutionStatus.Retrying ? "(status = 1 OR attempt > 1)" : "status = {status:UInt8}");
            if (status != ExecutionStatus.Retrying)
                parameters.AddParameter("status", (byte)status);
        }

        return string.Join(" AND ", conditions);
    }

    private static string Escaped(string text) => Special.Aggregate(text, (escaped, special) => escaped.Replace(special, @"\" + special, StringComparison.Ordinal));
}
