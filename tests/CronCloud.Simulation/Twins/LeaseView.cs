using CronCloud.Core.Due;

namespace CronCloud.Simulation.Twins;

/// <summary>Leases as a world of few partitions has them: nobody asks for the others, which would be scanned for nothing.</summary>
internal sealed class LeaseView(IPartitionLeases leases, IReadOnlySet<int> partitions) : IPartitionLeases
{
    /// <summary>Whether another holds something that was asked for the last time.</summary>
    public bool IsRefused { get; private set; }

    public async Task<IReadOnlySet<int>> AcquireAsync(string owner, IReadOnlyCollection<int> wanted, TimeSpan life, CancellationToken cancellation)
    {
        var own = wanted.Where(partitions.Contains).ToList();
        var acquired = await leases.AcquireAsync(owner, own, life, cancellation);
        IsRefused = acquired.Count < own.Count;
        return acquired;
    }

    public Task ReleaseAsync(string owner, IReadOnlyCollection<int> held, CancellationToken cancellation) => leases.ReleaseAsync(owner, held, cancellation);
}
