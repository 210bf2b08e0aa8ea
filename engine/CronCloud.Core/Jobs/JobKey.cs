using CronCloud.Core.Schedules;

namespace CronCloud.Core.Jobs;

/// <summary>A job's identity: its tenant and its id, unique within the tenant.</summary>
public readonly record struct JobKey(string Tenant, string Id)
{
    /// <summary>The partition that keeps the job's due entry: 0 to 255, fixed for the life of a cluster.</summary>
    public int Partition => (int)(StableHash.Of(ToString()) % Partitions.Count);

    public override string ToString() => $"{Tenant}/{Id}";
}

/// <summary>The units that jobs are spread by.</summary>
public static class Partitions
{
    /// <summary>Fixed for the life of a cluster: changing it would move jobs away from their due entries.</summary>
    public const int Count = 256;
}
