using CronCloud.Core;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>A page of executions, read window by window until it is full.</summary>
internal static class HistoryPages
{
    /// <param name="readAsync">Reads the attempts of as many executions of a query as its limit says, the newest first.</param>
    public static async Task<Page<HistoryExecution>> ReadAsync(HistoryQuery query, DateTimeOffset now, Func<HistoryQuery, Task<IReadOnlyList<HistoryRow>>> readAsync)
    {
        // One execution more than the page holds tells that there is another page.
        var wanted = query.Limit + 1;
        var executions = new List<HistoryExecution>(wanted);
        foreach (var window in HistoryWindows.Of(query, now))
        {
            var rows = await readAsync(window with { Limit = wanted - executions.Count });
            executions.AddRange(rows.GroupBy(r => (r.JobId, r.ScheduledAt, r.ExecutionId)).Select(e => new HistoryExecution([.. e])));
            if (executions.Count == wanted)
            {
                var last = executions[^2].Last;
                return new Page<HistoryExecution>(executions[..^1], new HistoryCursor(last.ScheduledAt, last.ExecutionId).ToString());
            }
        }

        return new Page<HistoryExecution>(executions, null);
    }
}
