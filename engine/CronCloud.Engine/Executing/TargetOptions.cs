using System.Net;

namespace CronCloud.Engine.Executing;

/// <summary>What attempts may do. Section <c>CronCloud:Targets</c>.</summary>
public sealed class TargetOptions
{
    /// <summary>Whether webhooks may go to loopback, private and link-local addresses, and to any port. False by default; meant for development and tests.</summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>
    /// Why webhooks may not go to the URL, as far as it tells by itself; null when it tells nothing against it. A name is resolved, and its addresses checked, at each
    /// connect.
    /// </summary>
    public string? RefusalOf(Uri url)
    {
        if (AllowPrivateNetworks)
            return null;
        if (url.Port is not (80 or 443))
            return $"port {url.Port} is not allowed: webhooks go to ports 80 and 443";
        return IPAddress.TryParse(url.Host, out var address) && !PublicAddress.Includes(address) ? $"{url.Host} is not a public address" : null;
    }
}
