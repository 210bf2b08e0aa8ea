using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace CronCloud.TestServers;

/// <summary>
/// A port of loopback that nobody has, and that nobody is given: it is none of those that the system takes for outgoing connections. One of them may be gone before its
/// server listens, or while the server is down; and who calls a server that is down, from just that port, is answered by itself.
/// </summary>
public static class FreePort
{
    private const int First = 10_000;

    /// <summary>The lowest port for outgoing connections. Where they begin too low, any may be one.</summary>
    private static readonly int _end = int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t')[0], CultureInfo.InvariantCulture) is > First and var lowest ? lowest : IPEndPoint.MaxPort;

    private static readonly ConcurrentDictionary<int, bool> _given = [];

    public static int Next()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(First, _end);
            if (_given.TryAdd(port, true) && IsFree(port))
                return port;
        }
    }

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
