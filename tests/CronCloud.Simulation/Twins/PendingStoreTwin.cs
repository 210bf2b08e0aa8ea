using CronCloud.Core.Executions;

namespace CronCloud.Simulation.Twins;

internal sealed class PendingStoreTwin : IPendingStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PendingExecution> _rows = [];

    public IReadOnlyCollection<PendingExecution> Rows => _rows.Values;

    public Task KeepAsync(IReadOnlyList<PendingExecution> pending, CancellationToken cancellation)
    {
        foreach (var row in pending)
            Keep(row);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(IReadOnlyList<Execution> ended, CancellationToken cancellation)
    {
        foreach (var execution in ended)
            Remove(execution);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<PendingExecution>> ReadAsync(int partition, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<PendingExecution>>([.. _rows.Values.Where(p => p.Execution.Job.Partition == partition).OrderBy(p => p.Execution.EntryKey, StringComparer.Ordinal)]);
    }

    public void Keep(PendingExecution row)
    {
        lock (_lock)
        {
            if (!_rows.TryGetValue(row.Execution.EntryKey, out var stored) || stored.Execution.Attempt < row.Execution.Attempt)
                _rows[row.Execution.EntryKey] = row with { Due = Milliseconds.Floor(row.Due) };
        }
    }

    /// <summary>False where a later attempt is pending: it stays.</summary>
    public bool Remove(Execution ended)
    {
        lock (_lock)
        {
            if (_rows.TryGetValue(ended.EntryKey, out var stored) && stored.Execution.Attempt > ended.Attempt)
                return false;
            _rows.Remove(ended.EntryKey);
            return true;
        }
    }
}
