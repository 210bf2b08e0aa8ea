using CronCloud.Core;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>A page of executions, read window by window until it is full.</summary>
internal static class HistoryPages
{
    /// <param name="readAsync">Reads as many executions of a query as its limit says, the newest first; fewer when there are no more.</param>
    public static async Task<Page<HistoryExecution>> ReadAsync(HistoryQuery query, DateTimeOffset now, Func<HistoryQuery, Task<IReadOnlyList<HistoryExecution>>> readAsync)
    {
        // One execution more than the page holds tells that there is another page.
        var wanted = query.Limit + 1;
        var executions = new List<HistoryExecution>(wanted);
        foreach (var window in HistoryWindows.Of(query, now))
        {
            executions.AddRange(await readAsync(window with { Limit = wanted - executions.Count }));
            if (executions.Count == wanted)
            {
                var last = executions[^2].Last;
                return new Page<HistoryExecution>(executions[..^1], new HistoryCursor(last.ScheduledAt, last.ExecutionId).ToString());
            }
        }

        return new Page<HistoryExecution>(executions, null);
    }
}
