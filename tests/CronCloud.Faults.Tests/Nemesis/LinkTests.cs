using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CronCloud.TestServers;

namespace CronCloud.Faults.Tests.Nemesis;

/// <summary>A link to a server that answers what it was sent.</summary>
public sealed class LinkTests : IAsyncLifetime
{
    private const byte BreakOff = 99;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource<byte> _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Link _link = null!;
    private Task _serving = Task.CompletedTask;

    public Task InitializeAsync()
    {
        _server.Start();
        _link = new Link(((IPEndPoint)_server.LocalEndpoint).Port);
        _serving = ServeAsync();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _link.DisposeAsync();
        _server.Dispose();
        await _serving;
    }

    [Fact]
    public async Task It_passes_both_ways()
    {
        using var client = await ConnectAsync();
        await client.SendAsync(new byte[] { 7 });

        Assert.Equal(7, await ReceiveAsync(client));
    }

    [Fact]
    public async Task Cut_it_breaks_what_is_open_and_refuses_what_comes_until_it_is_healed()
    {
        using var client = await ConnectAsync();
        await client.SendAsync(new byte[] { 1 });
        await ReceiveAsync(client);

        await _link.CutAsync();
        var broken = await Assert.ThrowsAsync<SocketException>(() => ReceiveAsync(client));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
        var refused = await Assert.ThrowsAsync<SocketException>(ConnectAsync);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        _link.Heal();
        using var again = await ConnectAsync();
        await again.SendAsync(new byte[] { 2 });
        Assert.Equal(2, await ReceiveAsync(again));
    }

    [Fact]
    public async Task A_server_that_breaks_off_breaks_the_link()
    {
        using var client = await ConnectAsync();
        await client.SendAsync(new[] { BreakOff });

        var broken = await Assert.ThrowsAsync<SocketException>(() => ReceiveAsync(client));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }

    [Fact]
    public async Task Silent_it_keeps_everything_until_it_is_healed()
    {
        using var client = await ConnectAsync();
        _link.Silence();
        await client.SendAsync(new byte[] { 3 });
        var answer = ReceiveAsync(client);
        Assert.False(_heard.Task.IsCompleted || answer.IsCompleted);

        _link.Heal();
        Assert.Equal(3, await answer);
    }

    [Fact]
    public async Task Closed_one_way_the_server_hears_and_is_not_heard()
    {
        using var client = await ConnectAsync();
        _link.FromServer.Close();
        await client.SendAsync(new byte[] { 4 });
        var answer = ReceiveAsync(client);

        Assert.Equal(4, await _heard.Task.WaitAsync(Patience));
        Assert.False(answer.IsCompleted);
        _link.Heal();
        Assert.Equal(4, await answer);
    }

    [Fact]
    public async Task A_delay_holds_each_way_and_keeps_the_order()
    {
        using var client = await ConnectAsync();
        _link.Delay(TimeSpan.FromMilliseconds(50));
        var began = Stopwatch.GetTimestamp();
        await client.SendAsync(new byte[] { 5, 6 });

        Assert.Equal(5, await ReceiveAsync(client));
        Assert.True(Stopwatch.GetElapsedTime(began) >= TimeSpan.FromMilliseconds(95), $"Both ways took {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms.");
        Assert.Equal(6, await ReceiveAsync(client));
    }

    private async Task<Socket> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, _link.Port);
        return client;
    }

    private static async Task<byte> ReceiveAsync(Socket client)
    {
        var answer = new byte[1];
        using var limit = new CancellationTokenSource(Patience);
        return await client.ReceiveAsync(answer, limit.Token) == 1 ? answer[0] : throw new EndOfStreamException();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                using var client = await _server.AcceptSocketAsync();
                var heard = new byte[16];
                while (await client.ReceiveAsync(heard) is var length && length > 0)
                {
                    _heard.TrySetResult(heard[0]);
                    if (heard[0] == BreakOff)
                    {
                        client.LingerState = new LingerOption(true, 0);
                        break;
                    }

                    await client.SendAsync(heard.AsMemory(0, length));
                }
            }
            catch (SocketException gone) when (gone.SocketErrorCode == SocketError.ConnectionReset)
            {
                // The link was cut: the next client comes.
            }
            catch (Exception ended) when (ended is SocketException or InvalidOperationException)
            {
                return;
            }
        }
    }
}
