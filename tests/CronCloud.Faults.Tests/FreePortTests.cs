using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CronCloud.TestServers;

namespace CronCloud.Faults.Tests;

public class FreePortTests
{
    [Fact]
    public void No_outgoing_connection_is_given_such_a_port_and_nobody_else_is()
    {
        var outgoing = File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t').Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();

        var ports = Enumerable.Range(0, 200).Select(_ => FreePort.Next()).ToList();

        Assert.Distinct(ports);
        Assert.All(ports, port => Assert.False(outgoing[0] <= port && port <= outgoing[1], $"{port} is one of {outgoing[0]} to {outgoing[1]}"));
    }

    [Fact]
    public void A_port_that_somebody_has_is_not_free()
    {
        using var taken = new TcpListener(IPAddress.Loopback, FreePort.Next());
        taken.Start();

        Assert.False(FreePort.IsFree(((IPEndPoint)taken.LocalEndpoint).Port));
    }
}
