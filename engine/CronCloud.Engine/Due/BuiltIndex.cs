using CronCloud.Core.Due;

namespace CronCloud.Engine.Due;

internal static class BuiltIndex
{
    /// <summary>Whether the index has all that it was armed with. One that was emptied, or that another run of its server had, may have not, and what is not there says nothing until it is built again.</summary>
    public static async Task<bool> IsBuiltAsync(this IDueIndex index, int partition, CancellationToken cancellation)
    {
        var scan = await index.ScanAsync(partition, new DueQuery { Now = DateTimeOffset.UnixEpoch, Limit = 1 }, cancellation);
        return scan.IsBuilt && scan.Incarnation == await index.ReadIncarnationAsync(cancellation);
    }
}
