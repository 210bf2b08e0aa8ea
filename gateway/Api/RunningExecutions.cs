using CronCloud.Core;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;

namespace CronCloud.Gateway.Api;

/// <summary>Executions that have no outcome yet: history does not know them, the due index does.</summary>
internal sealed class RunningExecutions(IDueIndex index)
{
    /// <summary>The latest attempt that the due index knows of; null when it knows none.</summary>
    public async Task<IndexedAttempt?> FindAsync(JobKey job, string executionId, CancellationToken cancellation)
    {
        var entry = await index.FindAsync(job.Partition, EntryKey(job, executionId), cancellation);
        if (entry is { IsTombstone: false })
            return new IndexedAttempt((int)entry.Version, DueItem.FromJson(entry.Payload.Span).Execution, Waits: true) { Due = entry.Due };
        var attempt = (int?)entry?.Version ?? 1;
        return await FindFlightAsync(job, executionId, attempt, cancellation) ?? (entry is null ? null : new IndexedAttempt(attempt, null, Waits: false));
    }

    /// <summary>The attempt if it is in flight; else null.</summary>
    public async Task<IndexedAttempt?> FindFlightAsync(JobKey job, string executionId, int attempt, CancellationToken cancellation) =>
        await index.FindFlightAsync(job.Partition, $"{EntryKey(job, executionId)}#{attempt}", cancellation) is { } flight
            ? new IndexedAttempt(attempt, Execution.FromJson(flight.Span), Waits: false)
            : null;

    /// <summary>The execution that has the job's slot while another one waits for it; null when none has.</summary>
    public async Task<string?> FindSlotHolderAsync(JobKey job, CancellationToken cancellation) =>
        (await index.ReadSlotsAsync(job.Partition, cancellation)).FirstOrDefault(slot => slot.Job == job.ToString())?.Execution is { } key ? key[(job.Tenant.Length + 1)..] : null;

    /// <summary>What is in flight of the query's job, the newest due time first. Of all else that a query can ask for there is nothing to know yet.</summary>
    public async Task<Page<Execution>> ListAsync(HistoryQuery query, CancellationToken cancellation)
    {
        var job = new JobKey(query.Tenant, query.JobId!);
        var flights = await index.ReadFlightsAsync(job.Partition, DateTimeOffset.MaxValue, int.MaxValue, cancellation);
        var found = flights.Where(f => f.Id.StartsWith($"{job}@", StringComparison.Ordinal)).Select(f => Execution.FromJson(f.Payload.Span))
            .Where(e => !(e.ScheduledAt < query.From) && !(e.ScheduledAt >= query.To) && (query.After is not { } after || IsBehind(e, after)))
            .OrderByDescending(e => e.ScheduledAt).ThenByDescending(e => e.ExecutionId, StringComparer.Ordinal).Take(query.Limit + 1).ToList();
        if (found.Count <= query.Limit)
            return new Page<Execution>(found, null);
        var last = found[query.Limit - 1];
        return new Page<Execution>(found[..query.Limit], new HistoryCursor(last.ScheduledAt, last.ExecutionId).ToString());
    }

    private static bool IsBehind(Execution execution, HistoryCursor cursor) =>
        execution.ScheduledAt < cursor.ScheduledAt || (execution.ScheduledAt == cursor.ScheduledAt && string.CompareOrdinal(execution.ExecutionId, cursor.ExecutionId) < 0);

    private static string EntryKey(JobKey job, string executionId) => $"{job.Tenant}/{executionId}";
}

/// <summary>An attempt as the due index has it: it waits for its time or its slot, is in flight, or (without an execution) is over.</summary>
internal sealed record IndexedAttempt(int Number, Execution? Execution, bool Waits)
{
    /// <summary>When one that waits is due.</summary>
    public DateTimeOffset? Due { get; init; }
}
