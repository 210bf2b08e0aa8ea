namespace CronCloud.Core.Alerts;

/// <summary>The record of channels. Writes are conditional on the version that the writer saw.</summary>
public interface IChannelStore
{
    Task<Channel?> FindAsync(string tenant, string id, CancellationToken cancellation);

    /// <summary>False when the stored version is not <c>channel.Version - 1</c> (0: no row).</summary>
    Task<bool> WriteAsync(Channel channel, CancellationToken cancellation);

    /// <summary>False when it is not there as it was seen: gone, changed, or made anew under its id.</summary>
    Task<bool> RemoveAsync(Channel seen, CancellationToken cancellation);

    /// <summary>By id.</summary>
    Task<Page<Channel>> ListAsync(string tenant, int limit, string? cursor, CancellationToken cancellation);
}
