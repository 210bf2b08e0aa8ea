using CronCloud.Core;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>Rows of attempts, the newest execution first, as a page of executions.</summary>
internal static class HistoryPages
{
    /// <summary>The rows may hold one execution more than the limit: it tells that there is another page.</summary>
    public static Page<HistoryExecution> Of(IReadOnlyList<HistoryRow> rows, int limit)
    {
        var executions = rows.GroupBy(r => (r.ScheduledAt, r.ExecutionId)).Select(e => new HistoryExecution([.. e])).ToList();
        if (executions.Count <= limit)
            return new Page<HistoryExecution>(executions, null);
        var last = executions[limit - 1].Last;
        return new Page<HistoryExecution>(executions[..limit], new HistoryCursor(last.ScheduledAt, last.ExecutionId).ToString());
    }
}
