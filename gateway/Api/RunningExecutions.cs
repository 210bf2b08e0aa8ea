using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Gateway.Api;

/// <summary>Executions that have no outcome yet: history does not know them, the due index does.</summary>
internal sealed class RunningExecutions(IDueIndex index)
{
    private const int MaxPerPartition = 1_000;

    /// <summary>In flight, or accepted and about to be; null when it is neither.</summary>
    public async Task<Execution?> FindAsync(JobKey job, string executionId, CancellationToken cancellation)
    {
        var flights = await ReadAsync(job.Partition, cancellation);
        if (flights.FirstOrDefault(e => e.Tenant == job.Tenant && e.ExecutionId == executionId) is { } inFlight)
            return inFlight;
        var entry = await index.FindAsync(job.Partition, $"{job.Tenant}/{executionId}", cancellation);
        return entry is { IsTombstone: false } ? DueItem.FromJson(entry.Payload.Span).Execution : null;
    }

    /// <summary>The newest due time first; of one job, or of all.</summary>
    public async Task<IReadOnlyList<Execution>> ListAsync(string tenant, string? jobId, int limit, CancellationToken cancellation)
    {
        var partitions = jobId is null ? Enumerable.Range(0, Partitions.Count) : [new JobKey(tenant, jobId).Partition];
        var flights = await Task.WhenAll(partitions.Select(p => ReadAsync(p, cancellation)));
        return [.. flights.SelectMany(f => f).Where(e => e.Tenant == tenant && (jobId is null || e.JobId == jobId))
            .OrderByDescending(e => e.ScheduledAt).ThenByDescending(e => e.ExecutionId, StringComparer.Ordinal).Take(limit)];
    }

    private async Task<List<Execution>> ReadAsync(int partition, CancellationToken cancellation) =>
        [.. (await index.ReadFlightsAsync(partition, DateTimeOffset.MaxValue, MaxPerPartition, cancellation)).Select(f => Execution.FromJson(f.Payload.Span))];
}
