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

    /// <summary>Fewer would soon be used up.</summary>
    private const int Enough = 2_000;

    private static readonly (int From, int End) _range = RangeBeside(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range"));

    private static readonly ConcurrentDictionary<int, bool> _given = [];

    public static int Next()
    {
        for (var tries = 0; tries < 10_000; tries++)
        {
            var port = RandomNumberGenerator.GetInt32(_range.From, _range.End);
            if (_given.TryAdd(port, true) && IsFree(port))
                return port;
        }

        throw new InvalidOperationException($"Of the ports {_range.From} to {_range.End - 1} hardly any is free.");
    }

    /// <summary>The ports below those for outgoing connections, or above; any, where neither are enough.</summary>
    /// <param name="outgoing">The first and the last of those, as the kernel writes them.</param>
    public static (int From, int End) RangeBeside(string outgoing)
    {
        var ends = outgoing.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        if (ends[0] - First >= Enough)
            return (First, ends[0]);
        return IPEndPoint.MaxPort - ends[1] >= Enough ? (ends[1] + 1, IPEndPoint.MaxPort) : (First, IPEndPoint.MaxPort);
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
