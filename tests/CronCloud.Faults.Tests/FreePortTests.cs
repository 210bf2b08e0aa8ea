using System.Net;
using System.Net.Sockets;
using CronCloud.TestServers;

namespace CronCloud.Faults.Tests;

public class FreePortTests
{
    [Theory]
    [InlineData("32768\t60999\n", 10_000, 32_768)]
    [InlineData("10240\t60999\n", 61_000, 65_535)]
    [InlineData("1024\t65535\n", 10_000, 65_535)]
    public void Ports_are_none_of_those_for_outgoing_connections_where_there_are_enough_others(string outgoing, int from, int end) =>
        Assert.Equal((from, end), FreePort.RangeBeside(outgoing));

    [Fact]
    public void No_port_is_given_twice() => Assert.Distinct(Enumerable.Range(0, 200).Select(_ => FreePort.Next()));

    [Fact]
    public void A_port_that_somebody_has_is_not_free()
    {
        using var taken = new TcpListener(IPAddress.Loopback, FreePort.Next());
        taken.Start();

        Assert.False(FreePort.IsFree(((IPEndPoint)taken.LocalEndpoint).Port));
    }
}
