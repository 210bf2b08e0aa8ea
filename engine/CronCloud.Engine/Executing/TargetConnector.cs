using System.Net;
using System.Net.Sockets;

namespace CronCloud.Engine.Executing;

/// <summary>
/// Connects to webhooks. The name is resolved and every address checked at each connect, and the connection goes to the address that was
/// checked, so that a name which resolves differently the next time gains nothing.
/// </summary>
internal sealed class TargetConnector(TargetOptions options)
{
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = await ResolveAsync(host, cancellation);
        if (!options.AllowPrivateNetworks)
            Refuse(host, port, addresses);

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out var literal))
            return [literal];
        var addresses = await Dns.GetHostAddressesAsync(host, cancellation);
        return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
    }

    private static void Refuse(string host, int port, IPAddress[] addresses)
    {
        if (port is not (80 or 443))
            throw new TargetRefusedException($"port {port} is not allowed: webhooks go to ports 80 and 443");
        if (Array.Find(addresses, address => !PublicAddress.Includes(address)) is { } inside)
            throw new TargetRefusedException($"{host} is at {inside}, which is not a public address");
    }
}

/// <summary>The target may not be connected to.</summary>
internal sealed class TargetRefusedException(string message) : IOException(message);
