using CronCloud.Core.Alerts;

namespace CronCloud.Gateway.Api;

/// <summary>Writes channels: read, decide, write if nobody else did meanwhile, else once more.</summary>
internal sealed class ChannelChanges(IChannelStore channels, TimeProvider time)
{
    /// <param name="tenant">Whose.</param>
    /// <param name="id">Which.</param>
    /// <param name="request">What it is to be.</param>
    /// <param name="mayChange">Whether the caller means what there is now; null is nothing.</param>
    /// <param name="sentBefore">When the request was sent first, if it was sent before: what was written since is not undone.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Null when the caller means another version.</returns>
    public async Task<ChannelWrite?> PutAsync(string tenant, string id, ChannelRequest request, Func<Channel?, bool> mayChange, DateTimeOffset? sentBefore, CancellationToken cancellation)
    {
        while (true)
        {
            var stored = await channels.FindAsync(tenant, id, cancellation);
            if (stored?.UpdatedAt >= sentBefore)
                return IsSame(stored, request) ? new ChannelWrite(stored, stored.CreatedAt >= sentBefore, IsWebhookNow: stored.Webhook is not null) : null;
            if (!mayChange(stored))
                return null;
            if (stored is not null && IsSame(stored, request))
                return new ChannelWrite(stored, Created: false, IsWebhookNow: false);
            var next = Next(stored, tenant, id, request);
            if (await channels.WriteAsync(next, cancellation))
                return new ChannelWrite(next, stored is null, IsWebhookNow: next.Webhook is not null && stored?.Webhook is null);
        }
    }

    /// <summary>True when it is gone; false when the caller means another version; null when there is none.</summary>
    public async Task<bool?> RemoveAsync(string tenant, string id, Func<Channel?, bool> mayChange, DateTimeOffset? sentBefore, CancellationToken cancellation)
    {
        while (await channels.FindAsync(tenant, id, cancellation) is { } stored)
        {
            if (stored.CreatedAt >= sentBefore)
                return true; // made anew since: the one that was meant is gone
            if (!mayChange(stored))
                return false;
            if (await channels.RemoveAsync(stored, cancellation))
                return true;
        }

        return sentBefore is null ? null : true;
    }

    private Channel Next(Channel? stored, string tenant, string id, ChannelRequest request)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        return new Channel
        {
            Tenant = tenant,
            Id = id,
            Webhook = request.Webhook,
            Email = request.Email,
            Version = (stored?.Version ?? 0) + 1,
            CreatedAt = stored?.CreatedAt ?? now,
            UpdatedAt = now,
        };
    }

    private static bool IsSame(Channel stored, ChannelRequest request) =>
        stored.Webhook?.Url.OriginalString == request.Webhook?.Url.OriginalString
        && (stored.Email?.To ?? []).SequenceEqual(request.Email?.To ?? [], StringComparer.Ordinal);
}

/// <summary>What came of a write.</summary>
/// <param name="Channel">As it is now.</param>
/// <param name="Created">Whether the write made it.</param>
/// <param name="IsWebhookNow">Whether the write made it a webhook, which has a secret.</param>
internal sealed record ChannelWrite(Channel Channel, bool Created, bool IsWebhookNow);
