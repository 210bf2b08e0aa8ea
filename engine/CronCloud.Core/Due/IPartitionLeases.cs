namespace CronCloud.Core.Due;

/// <summary>
/// Who scans which partition. A lease saves double work and carries no promise: two owners at once do no harm, since every step of the
/// due index is conditional. Leases run on the lease keeper's clock.
/// </summary>
public interface IPartitionLeases
{
    /// <summary>Takes or renews; answers the partitions that the owner holds now.</summary>
    Task<IReadOnlySet<int>> AcquireAsync(string owner, IReadOnlyCollection<int> partitions, TimeSpan life, CancellationToken cancellation);

    /// <summary>Gives up what the owner holds, so that another takes it at once.</summary>
    Task ReleaseAsync(string owner, IReadOnlyCollection<int> partitions, CancellationToken cancellation);
}
