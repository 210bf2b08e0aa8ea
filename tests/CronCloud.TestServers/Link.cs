using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace CronCloud.TestServers;

/// <summary>The way from one process to one server, that a test can cut, silence or slow down: a TCP proxy on loopback.</summary>
public sealed class Link : IAsyncDisposable
{
    private readonly IPEndPoint _here;
    private readonly IPEndPoint _server;
    private readonly ConcurrentDictionary<CancellationTokenSource, Task> _connections = [];
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    public Link(int server)
    {
        (_here, _server) = (new IPEndPoint(IPAddress.Loopback, FreePort.Next()), new IPEndPoint(IPAddress.Loopback, server));
        Listen();
    }

    /// <summary>Where the process connects to.</summary>
    public int Port => _here.Port;

    public LinkWay ToServer { get; } = new();

    public LinkWay FromServer { get; } = new();

    /// <summary>Connections break, and new ones are refused.</summary>
    public async Task CutAsync()
    {
        _listener?.Dispose();
        _listener = null;
        await _accepting;
        foreach (var (broken, connection) in _connections)
        {
            await broken.CancelAsync();
            await connection;
        }
    }

    /// <summary>Connections stay and are made, and nothing passes.</summary>
    public void Silence()
    {
        ToServer.Close();
        FromServer.Close();
    }

    public void Delay(TimeSpan eachWay) => ToServer.Delay = FromServer.Delay = eachWay;

    /// <summary>As it was at first.</summary>
    public void Heal()
    {
        Delay(TimeSpan.Zero);
        ToServer.Open();
        FromServer.Open();
        if (_listener is null)
            Listen();
    }

    public async ValueTask DisposeAsync() => await CutAsync();

    private void Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(_here);
        listener.Listen();
        _listener = listener;
        _accepting = AcceptAsync(listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
            {
                return;
            }

            var broken = new CancellationTokenSource();
            var connection = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _connections[broken] = connection.Task;
            _ = ForwardAsync(client, broken, connection);
        }
    }

    /// <summary>A server that is away closes the connection: as near to a refusal as a proxy can come.</summary>
    private async Task ForwardAsync(Socket client, CancellationTokenSource broken, TaskCompletionSource ended)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(_server, broken.Token);
                await Task.WhenAll(ToServer.PumpAsync(client, server, broken), FromServer.PumpAsync(server, client, broken));
            }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException)
            {
                // A reset, not an end: nobody must take what was cut for a whole answer.
                client.LingerState = server.LingerState = new LingerOption(true, 0);
            }
        }

        _connections.TryRemove(broken, out _);
        ended.SetResult();
    }
}
