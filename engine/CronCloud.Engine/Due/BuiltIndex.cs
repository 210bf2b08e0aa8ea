using CronCloud.Core.Due;

namespace CronCloud.Engine.Due;

internal static class BuiltIndex
{
    /// <summary>Whether the index has all that it was armed with. One that was emptied has not, and what is not there says nothing until it is built again.</summary>
    public static async Task<bool> IsBuiltAsync(this IDueIndex index, int partition, CancellationToken cancellation) =>
        (await index.ScanAsync(partition, new DueQuery { Now = DateTimeOffset.UnixEpoch, Limit = 1 }, cancellation)).IsBuilt;
}
