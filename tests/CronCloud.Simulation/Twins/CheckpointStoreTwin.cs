using CronCloud.Core.Due;

namespace CronCloud.Simulation.Twins;

internal sealed class CheckpointStoreTwin : ICheckpointStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, DateTimeOffset> _checkpoints = [];

    public Task<DateTimeOffset?> ReadAsync(int partition, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_checkpoints.TryGetValue(partition, out var at) ? at : (DateTimeOffset?)null);
    }

    public Task WriteAsync(IReadOnlyDictionary<int, DateTimeOffset> checkpoints, CancellationToken cancellation)
    {
        lock (_lock)
        {
            foreach (var (partition, at) in checkpoints)
            {
                if (!_checkpoints.TryGetValue(partition, out var stored) || stored < at)
                    _checkpoints[partition] = Milliseconds.Floor(at);
            }
        }

        return Task.CompletedTask;
    }
}
