using System.Net;
using System.Net.Sockets;

namespace CronCloud.TestServers;

/// <summary>A port of loopback that nobody has.</summary>
public static class FreePort
{
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
