using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Twins;

/// <summary>History in memory: a row's key is tenant, job, due time, execution and attempt, and of two the one of the higher rank stays.</summary>
internal sealed class HistoryTwin : IHistory
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Tenant, string Job, DateTimeOffset ScheduledAt, string Execution, int Attempt), HistoryRow> _rows = [];

    public IReadOnlyCollection<HistoryRow> Rows => _rows.Values;

    public Task WriteAsync(IReadOnlyList<HistoryRow> rows, CancellationToken cancellation)
    {
        lock (_lock)
        {
            foreach (var row in rows)
            {
                var key = (row.Tenant, row.JobId, row.ScheduledAt, row.ExecutionId, row.Attempt);
                if (!_rows.TryGetValue(key, out var before) || row.Rank >= before.Rank)
                    _rows[key] = row;
            }
        }

        return Task.CompletedTask;
    }

    public Task<Page<HistoryExecution>> ListAsync(HistoryQuery query, CancellationToken cancellation)
    {
        var found = Executions(r => r.Tenant == query.Tenant)
            .Where(e => Matches(e, query))
            .OrderByDescending(e => e.Last.ScheduledAt).ThenByDescending(e => e.Last.ExecutionId, StringComparer.Ordinal).ToList();
        var page = found.Take(query.Limit).ToList();
        var next = found.Count > query.Limit ? new HistoryCursor(page[^1].Last.ScheduledAt, page[^1].Last.ExecutionId).ToString() : null;
        return Task.FromResult(new Page<HistoryExecution>(page.ConvertAll(e => new HistoryExecution([.. e.Attempts.Select(a => a with { Output = null })])), next));
    }

    public Task<IReadOnlyList<HistoryRow>> FindAttemptsAsync(IReadOnlyCollection<Execution> executions, CancellationToken cancellation)
    {
        var wanted = executions.Select(e => (e.Tenant, e.ExecutionId)).ToHashSet();
        lock (_lock)
            return Task.FromResult<IReadOnlyList<HistoryRow>>([.. _rows.Values.Where(r => wanted.Contains((r.Tenant, r.ExecutionId)))]);
    }

    public Task<HistoryExecution?> FindAsync(JobKey job, string executionId, CancellationToken cancellation) =>
        Task.FromResult(Executions(r => r.Tenant == job.Tenant && r.JobId == job.Id && r.ExecutionId == executionId).SingleOrDefault());

    public Task<HistoryCounts> CountScheduledAsync(string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) =>
        Task.FromResult(HistoryCounts.Of(Executions(r => r.Tenant == tenant && r.ScheduledAt >= from && r.ScheduledAt < to)));

    public Task<IReadOnlyList<HistoryMinute>> ReadMinutesAsync(string tenant, string? jobId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var (first, end) = (HistoryMinute.WholeMinute(from), HistoryMinute.WholeMinute(to));
        return Task.FromResult(HistoryMinute.Of(Executions(r => r.Tenant == tenant && (jobId is null || r.JobId == jobId) && r.ScheduledAt >= first && r.ScheduledAt < end)));
    }

    /// <summary>They are counted when they are read.</summary>
    public Task<bool> CountMinutesAsync(DateTimeOffset countedBefore, CancellationToken cancellation) => Task.FromResult(false);

    public Task<bool> TakeInOlderAsync(CancellationToken cancellation) => Task.FromResult(false);

    /// <summary>No run of a world lasts thirty days.</summary>
    public Task<int> PruneAsync(DateTimeOffset before, int most, CancellationToken cancellation) => Task.FromResult(0);

    private List<HistoryExecution> Executions(Func<HistoryRow, bool> of)
    {
        lock (_lock)
            return [.. _rows.Values.Where(of).GroupBy(r => (r.JobId, r.ScheduledAt, r.ExecutionId)).Select(e => new HistoryExecution([.. e.OrderBy(r => r.Attempt)]))];
    }

    private static bool Matches(HistoryExecution execution, HistoryQuery query)
    {
        var last = execution.Last;
        bool Has(string? text) => text?.Contains(query.Text!, StringComparison.OrdinalIgnoreCase) == true;
        return (query.JobId is null || last.JobId == query.JobId)
            && (query.Status is null || last.Status == query.Status)
            && (query.From is null || last.ScheduledAt >= query.From)
            && (query.To is null || last.ScheduledAt < query.To)
            && (query.Text is null || execution.Attempts.Any(a => Has(a.Output) || Has(a.Error)))
            && (query.After is not { } after || (last.ScheduledAt, last.ExecutionId).CompareTo((after.ScheduledAt, after.ExecutionId)) < 0);
    }
}
