using System.Diagnostics;
using Npgsql;

namespace CronCloud.TestServers;

/// <summary>PostgreSQL, run by the account postgres: it refuses root.</summary>
public sealed class PostgresServer : Server
{
    private const string Package = "postgresql";

    public override string ConnectionStringAt(int port) => $"Host=127.0.0.1;Port={port};Username=postgres;Database=croncloud";

    protected override string Name => "PostgreSQL";

    protected override string? User => Environment.UserName == "root" ? "postgres" : null;

    private string Data => Path.Combine(Folder, "data");

    public static Task<PostgresServer> StartAsync() => StartAsync(onSmallDisk: false);

    public static async Task<PostgresServer> StartAsync(bool onSmallDisk)
    {
        var server = new PostgresServer();
        await server.StartNewAsync(onSmallDisk);
        await server.CreateDatabaseAsync();
        return server;
    }

    protected override async Task PrepareAsync()
    {
        if (User is not null)
            await RunAsync("chown", [User, Folder], user: null);
        await RunAsync(Find("initdb", Package, Folders()), ["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "-D", Data], User);
    }

    protected override ProcessStartInfo Command() => new(
        Find("postgres", Package, Folders()),
        ["-D", Data, "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={Folder}", "-c", "max_connections=200", .. Disk is null ? (string[])[] : ["-c", "max_wal_size=96MB"]])
    { WorkingDirectory = "/" };

    protected override async Task ProbeAsync()
    {
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres;Pooling=false");
        await connection.OpenAsync();
    }

    private async Task CreateDatabaseAsync()
    {
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand("CREATE DATABASE croncloud", connection);
        await create.ExecuteNonQueryAsync();
    }

    /// <summary>Debian keeps the programs out of the path, in a folder per version.</summary>
    private static string[] Folders() =>
        Directory.Exists("/usr/lib/postgresql") ? [.. Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => Path.Combine(d, "bin"))] : [];

    private static async Task RunAsync(string program, string[] arguments, string? user)
    {
        await using var process = await ChildProcess.StartAsync(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/" }, user);
        if (await process.WaitForExitAsync(TimeSpan.FromSeconds(60)) != 0)
            throw new InvalidOperationException($"{program} failed:\n{process.Tail()}");
    }
}
