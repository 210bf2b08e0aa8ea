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
        var rest = query;
        for (var take = query.Limit; ; take = Math.Min(4 * take, MostCandidates))
        {
            var minutes = IsByMinute(query) ? await ClickHouseMinutes.RetryingAsync(reads, rest with { Limit = take }, cancellation) : null;
            if (minutes is [])
                return found;
            var candidates = await CandidatesAsync(rest with { Limit = take }, minutes, cancellation);
            if (candidates.Count > 0)
                found.AddRange((await JudgedAsync(rest, candidates, cancellation)).Take(query.Limit - found.Count));
            var isLast = candidates.Count < take;
            if (found.Count == query.Limit || (isLast && minutes is null))
                return found;
            rest = isLast ? rest with { To = minutes![0].From } : IsByInstant(query) ? rest with { To = candidates[^1].ScheduledAt } : rest with { After = candidates[^1] };
        }
    }

    /// <summary>The order by jobs knows instants alone: whatever the job had at one is judged together.</summary>
    private static bool IsByInstant(HistoryQuery query) => query is { JobId: not null, Text: null };

    /// <summary>Nearly all attempts that were to be retried have been. Their minutes know which have not.</summary>
    private static bool IsByMinute(HistoryQuery query) => query is { Status: ExecutionStatus.Retrying, JobId: null, Text: null };

    /// <summary>An execution may come more than once.</summary>
    private Task<List<HistoryCursor>> CandidatesAsync(HistoryQuery query, IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)>? minutes, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("limit", query.Limit);
        var from = $"FROM {ClickHouseSchema.Attempts} WHERE {Where(query, parameters)}";
        var sql = IsByInstant(query) ? $"SELECT scheduled_at, '' AS execution {from} ORDER BY scheduled_at DESC"
            : minutes is null ? $"SELECT scheduled_at, execution_id {from} ORDER BY scheduled_at DESC, execution_id DESC"
            : $"""
                SELECT scheduled_at, execution_id {from} AND {ClickHouseMinutes.Within(minutes)}
                GROUP BY scheduled_at, execution_id HAVING argMax(status, (attempt, rank)) = 1
                ORDER BY scheduled_at DESC, execution_id DESC
                """;
        return reads.ReadAsync(
            sql + " LIMIT {limit:Int32}",
            parameters,
            reader => new HistoryCursor(ClickHouseHistoryRows.Instant(reader.GetDateTime(0)), reader.GetString(1)),
            cancellation);
    }

    /// <summary>
    /// The executions of candidates that are what is looked for. Of an attempt that is there twice the row of the higher rank counts; to let the server choose (FINAL) would take it longer.
    /// </summary>
    private async Task<IEnumerable<HistoryExecution>> JudgedAsync(HistoryQuery query, List<HistoryCursor> candidates, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", query.Tenant);
        if (IsByInstant(query))
            parameters.AddParameter("job", query.JobId!);
        if (query.Text is not null)
            parameters.AddParameter("text", Escaped(query.Text));
        var attempts = await reads.ReadAsync(
            $$"""
            SELECT {{ClickHouseHistoryRows.ColumnsWithoutOutput}}, toBool({{(query.Text is null ? "1" : Holds)}}) AS holds FROM {{ClickHouseSchema.Attempts}}
            WHERE tenant = {tenant:String} AND scheduled_at IN ({{string.Join(", ", candidates.Select(c => c.ScheduledAt).Distinct().Select(ClickHouseReads.Instant))}})
              AND {{(IsByInstant(query) ? "job_id = {job:String}" : $"execution_id IN ({ClickHouseReads.Texts(candidates.Select(c => c.ExecutionId).Distinct())})")}}{{Behind(query.After, parameters)}}
            ORDER BY scheduled_at DESC, execution_id DESC, attempt
            """,
            parameters,
            reader => (Row: ClickHouseHistoryRows.Row(reader), Holds: reader.GetBoolean(ClickHouseHistoryRows.Names.Length)),
            cancellation);
        return attempts
            .GroupBy(a => (a.Row.ScheduledAt, a.Row.ExecutionId))
            .Select(execution => execution.GroupBy(a => a.Row.Attempt).Select(told => told.MaxBy(a => a.Row.Rank)).ToList())
            .Where(execution => execution.Any(a => a.Holds))
            .Select(execution => new HistoryExecution(execution.ConvertAll(a => a.Row)))
            .Where(execution => query.Status is null || execution.Last.Status == query.Status);
    }

    private static string Where(HistoryQuery query, ClickHouseParameterCollection parameters)
    {
        parameters.AddParameter("tenant", query.Tenant);
        var within = "tenant = {tenant:String}";
        if (query.From is { } from)
            within += $" AND scheduled_at >= {ClickHouseReads.Instant(from)}";
        if (query.To is { } to)
            within += $" AND scheduled_at < {ClickHouseReads.Instant(to)}";
        if (query.JobId is { } job)
        {
            within += " AND job_id = {job:String}";
            parameters.AddParameter("job", job);
        }

        if (query.Text is { } text)
        {
            parameters.AddParameter("text", Escaped(text));
            // Where a job has executions its own order tells, so that no text is read elsewhere.
            var ofJob = query.JobId is null ? "" : $" AND scheduled_at IN (SELECT scheduled_at FROM {ClickHouseSchema.Attempts} WHERE {within})";
            return $"{within}{ofJob}{Behind(query.After, parameters)} AND {Holds}";
        }

        var standing = query switch
        {
            { Status: null } => "",
            _ when IsByMinute(query) => " AND (status = 1 OR attempt > 1)",
            { Status: { } status } => FormattableString.Invariant($" AND status = {(int)status}"),
        };
        return within + standing + (IsByInstant(query) ? "" : Behind(query.After, parameters));
    }

    private static string Behind(HistoryCursor? after, ClickHouseParameterCollection parameters)
    {
        if (after is null)
            return "";
        parameters.AddParameter("after_id", after.ExecutionId);
        return $$""" AND (scheduled_at, execution_id) < ({{ClickHouseReads.Instant(after.ScheduledAt)}}, {after_id:String})""";
    }

    private static string Escaped(string text) => Special.Aggregate(text, (escaped, special) => escaped.Replace(special, @"\" + special, StringComparison.Ordinal));
}
