using CronCloud.Core.Executions;

namespace CronCloud.Simulation.Twins;

internal sealed class PendingStoreTwin : IPendingStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PendingExecution> _rows = [];

    public IReadOnlyCollection<PendingExecution> Rows => _rows.Values;

    public Task KeepAsync(IReadOnlyList<PendingExecution> pending, CancellationToken cancellation)
    {
        lock (_lock)
        {
            foreach (var row in pending)
            {
                if (!_rows.TryGetValue(row.Execution.EntryKey, out var stored) || stored.Execution.Attempt < row.Execution.Attempt)
                    _rows[row.Execution.EntryKey] = row with { Due = Milliseconds.Floor(row.Due) };
            }
        }

        return Task.CompletedTask;
    }

    public Task RemoveAsync(IReadOnlyList<Execution> ended, CancellationToken cancellation)
    {
        lock (_lock)
        {
            foreach (var execution in ended)
                _rows.Remove(execution.EntryKey);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<PendingExecution>> ReadAsync(int partition, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<PendingExecution>>([.. _rows.Values.Where(p => p.Execution.Job.Partition == partition).OrderBy(p => p.Execution.EntryKey, StringComparer.Ordinal)]);
    }
}
