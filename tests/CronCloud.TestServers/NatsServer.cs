using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CronCloud.TestServers;

/// <summary>nats-server with JetStream in files.</summary>
public sealed class NatsServer : Server
{
    public override string ConnectionStringAt(int port) => $"nats://127.0.0.1:{port}";

    protected override string Name => "nats-server";

    private string StoreFolder => Path.Combine(Folder, "jetstream");

    /// <summary>kill -9, and it comes back without what it loses meanwhile.</summary>
    public async Task KillAsync(Action<NatsServer> lose)
    {
        await KillAsync();
        lose(this);
        await RestartAsync();
    }

    /// <summary>While the server is down: it knows of no stream any more.</summary>
    public void Empty() => Directory.Delete(StoreFolder, recursive: true);

    /// <summary>While the server is down: the newest file of each stream is gone, and what it knows of their readers stays, as after a full disk or a loss of power.</summary>
    public void LoseEnds()
    {
        foreach (var messages in Directory.GetDirectories(StoreFolder, "msgs", SearchOption.AllDirectories))
        {
            foreach (var newest in Directory.GetFiles(messages, "*.blk").OrderByDescending(block => int.Parse(Path.GetFileNameWithoutExtension(block), CultureInfo.InvariantCulture)).Take(1))
            {
                File.Delete(newest);
                File.Delete(Path.ChangeExtension(newest, ".idx"));
            }
        }
    }

    public static Task<NatsServer> StartAsync() => StartAsync(onSmallDisk: false);

    public static async Task<NatsServer> StartAsync(bool onSmallDisk)
    {
        var server = new NatsServer();
        await server.StartNewAsync(onSmallDisk);
        return server;
    }

    protected override ProcessStartInfo Command() => new(Find("nats-server", "nats-server", "/usr/sbin"), ["-a", "127.0.0.1", "-p", $"{Port}", "-js", "-sd", Folder]);

    protected override async Task ProbeAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        var info = await reader.ReadLineAsync();
        if (info?.Contains("\"jetstream\":true", StringComparison.Ordinal) != true)
            throw new IOException("NATS has no JetStream yet.");
    }
}
