using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

/// <summary>What makes a start impossible is said in one line that names it.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-start-").FullName;

    [Theory]
    [InlineData("CronCloud__Colour", "red", "CronCloud__Colour is no setting")]
    [InlineData("CronCloud__Roles", "gateway,boss", "CronCloud__Roles: 'boss' is no role")]
    [InlineData("CronCloud__Roles", "worker", "ConnectionStrings__sql is not set")]
    [InlineData("CronCloud__Worker__MaxHeld", "0", "CronCloud__Worker")]
    [InlineData("CronCloud__Targets__Allow", "x", "CronCloud__Targets")]
    [InlineData("ConnectionStrings__redis", "127.0.0.1:1", "ConnectionStrings__redis: Redis at 127.0.0.1:1 cannot be used")]
    [InlineData("ConnectionStrings__nats", "nats://127.0.0.1:1", "ConnectionStrings__nats: NATS JetStream at 127.0.0.1:1 cannot be used")]
    [InlineData("ConnectionStrings__sql", "Host=127.0.0.1;Port=1;Username=x;Database=y", "ConnectionStrings__sql: PostgreSQL at 127.0.0.1:1, database y cannot be used")]
    [InlineData("ConnectionStrings__clickhouse", "Host=127.0.0.1;Port=1;Database=z", "ConnectionStrings__clickhouse: ClickHouse at 127.0.0.1:1, database z cannot be used")]
    [InlineData("ConnectionStrings__sql", "nonsense", "ConnectionStrings__sql")]
    [InlineData("ConnectionStrings__clickhouse", "Port=abc", "ConnectionStrings__clickhouse")]
    [InlineData("Urls", "nonsense", "Urls: ")]
    public async Task A_wrong_setting_ends_the_start_with_one_line(string name, string value, string says)
    {
        await using var process = await StartAsync((name, value));

        Assert.Equal(1, await process.WaitForExitAsync());
        var line = Assert.Single(process.Output.Split('\n'), l => l.Trim().Length > 0);
        Assert.StartsWith("croncloud cannot start: ", line, StringComparison.Ordinal);
        Assert.Contains(says, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_and_a_port_have_one_process()
    {
        var port = FreePort.Next();
        await using var first = await StartAsync(port);
        await first.UntilReadyAsync();

        await using var sameFolder = await StartAsync();
        Assert.Equal(1, await sameFolder.WaitForExitAsync());
        Assert.Contains("CronCloud__DataDirectory", sameFolder.Output, StringComparison.Ordinal);
        await using var samePort = await StartAsync(port, ("CronCloud__DataDirectory", Path.Combine(_folder, "other")));
        Assert.Equal(1, await samePort.WaitForExitAsync());
        Assert.Contains("Urls: ", samePort.Output, StringComparison.Ordinal);
        Assert.Equal(0, await first.StopAsync());
    }

    [Fact]
    public async Task With_a_key_configured_callers_must_send_it()
    {
        await using var gateway = await StartAsync(("CronCloud__ApiKey", "s3cret"));
        await gateway.UntilReadyAsync();

        Assert.Equal(401, await StatusAsync(gateway, null));
        Assert.Equal(401, await StatusAsync(gateway, "Bearer wrong"));
        Assert.Equal(401, await StatusAsync(gateway, "Basic s3cret"));
        Assert.Equal(200, await StatusAsync(gateway, "Bearer s3cret"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<int> StatusAsync(CronCloudProcess gateway, string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/jobs", UriKind.Relative));
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await gateway.Http.SendAsync(request);
        return (int)response.StatusCode;
    }

    private Task<CronCloudProcess> StartAsync(params (string Name, string Value)[] settings) => StartAsync(FreePort.Next(), settings);

    private Task<CronCloudProcess> StartAsync(int port, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string> { ["CronCloud__DataDirectory"] = Path.Combine(_folder, "data") };
        foreach (var (name, value) in settings)
            all[name] = value;
        return CronCloudProcess.StartGatewayAsync(port, all);
    }
}
