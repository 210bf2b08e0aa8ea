using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CronCloud.TestServers;

/// <summary>redis-server with an append-only file, synced every second.</summary>
public sealed class RedisServer : Server
{
    public override string ConnectionStringAt(int port) => $"127.0.0.1:{port}";

    protected override string Name => "redis-server";

    public static Task<RedisServer> StartAsync() => StartAsync(onSmallDisk: false);

    public static async Task<RedisServer> StartAsync(bool onSmallDisk)
    {
        var server = new RedisServer();
        await server.StartNewAsync(onSmallDisk);
        return server;
    }

    protected override ProcessStartInfo Command() => new(
        Find("redis-server", "redis-server"),
        ["--port", $"{Port}", "--bind", "127.0.0.1", "--dir", Folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]);

    /// <summary>Where its append-only files are.</summary>
    public string AppendOnlyFolder => Path.Combine(Folder, "appendonlydir");

    /// <summary>It refuses a file in whose middle a command is torn, and names the tool that takes the rest away; where that refuses too, the server begins empty.</summary>
    public override async Task<bool> RepairAsync()
    {
        var kept = Size();
        var start = new ProcessStartInfo("sh", ["-c", "yes | redis-check-aof --fix appendonly.aof.manifest"]) { WorkingDirectory = AppendOnlyFolder };
        await using var check = await ChildProcess.StartAsync(start);
        var code = await check.WaitForExitAsync(TimeSpan.FromSeconds(60));
        if (code is not (0 or 1))
            throw new InvalidOperationException($"redis-check-aof ended with {code}:\n{check.Tail()}");
        if (code == 1)
            Directory.Delete(AppendOnlyFolder, recursive: true);
        return Size() < kept;

        long Size() => !Directory.Exists(AppendOnlyFolder) ? 0 : Directory.GetFiles(AppendOnlyFolder).Sum(file => new FileInfo(file).Length);
    }

    /// <summary>Sends an inline command, and answers the first line.</summary>
    public async Task<string> SendAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{command}\r\n"));
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        return await reader.ReadLineAsync() ?? "";
    }

    protected override async Task ProbeAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await client.GetStream().WriteAsync("PING\r\n"u8.ToArray());
        var answer = new byte[64];
        var read = await client.GetStream().ReadAsync(answer);
        if (!Encoding.ASCII.GetString(answer, 0, read).StartsWith("+PONG", StringComparison.Ordinal))
            throw new IOException("Redis is loading.");
    }
}
