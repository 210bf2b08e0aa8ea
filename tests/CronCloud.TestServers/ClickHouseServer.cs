using System.Diagnostics;

namespace CronCloud.TestServers;

/// <summary>ClickHouse's engine behind its HTTP interface (see CronCloud.ClickHouseHost).</summary>
public sealed class ClickHouseServer : Server
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public override string ConnectionStringAt(int port) => $"Host=127.0.0.1;Port={port};Database=default";

    protected override string Name => "The ClickHouse engine";

    public static async Task<ClickHouseServer> StartAsync()
    {
        var server = new ClickHouseServer();
        await server.StartNewAsync(onSmallDisk: false);
        return server;
    }

    protected override ProcessStartInfo Command() => new(
        "dotnet",
        [Repository.Output("tests/CronCloud.ClickHouseHost", "CronCloud.ClickHouseHost.dll"), "--urls", $"http://127.0.0.1:{Port}", "--library", Library(), "--path", Path.Combine(Folder, "data")]);

    protected override async Task ProbeAsync() => (await Http.GetAsync(new Uri($"http://127.0.0.1:{Port}/ping"))).EnsureSuccessStatusCode();

    private static string Library()
    {
        var path = Environment.GetEnvironmentVariable("CRONCLOUD_CHDB_LIBRARY")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/croncloud/chdb/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so");
        return File.Exists(path) ? path : throw new FileNotFoundException($"The ClickHouse engine is not at {path}: run tests/run, which installs it, or set CRONCLOUD_CHDB_LIBRARY.");
    }
}
