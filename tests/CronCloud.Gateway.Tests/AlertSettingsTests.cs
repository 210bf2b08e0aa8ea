using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using CronCloud.TestServers;

namespace CronCloud.Gateway.Tests;

/// <summary>Gateways of their own, each with settings of its own.</summary>
public sealed class AlertSettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-alerts-").FullName;

    [Fact]
    public async Task With_an_SMTP_server_a_test_mail_arrives_and_what_the_server_refuses_is_said()
    {
        await using var mail = await MailServer.StartAsync(MailServerKind.Open);
        await using var gateway = await StartAsync([.. MailTo(mail.Port), ("CronCloud__PublicUrl", "https://cron.example")]);

        await SendAsync(gateway, "PUT", "/v1/channels/ops", """{"email":{"to":["ops@example.com"]}}""");
        var sent = await SendAsync(gateway, "POST", "/v1/channels/ops/test");
        await SendAsync(gateway, "PUT", "/v1/channels/ops", """{"email":{"to":["refused@example.com"]}}""");
        var refused = await SendAsync(gateway, "POST", "/v1/channels/ops/test");

        Assert.Equal(200, sent.Status);
        Assert.StartsWith("test-", (string?)sent.Json["id"], StringComparison.Ordinal);
        var received = Assert.Single(mail.Received);
        Assert.Equal(["ops@example.com"], received.To);
        Assert.Equal("[CronCloud] a test of this channel", received.Message.Subject);
        Assert.Contains("Nothing is wrong.", received.Message.TextBody, StringComparison.Ordinal);
        Assert.Contains("Nothing is wrong.", received.Message.HtmlBody, StringComparison.Ordinal);
        refused.IsProblem(502, "channel.failed");
        Assert.Contains("refused@example.com: 550", (string?)refused.Json["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_SMTP_server_a_test_mail_is_refused_and_with_one_that_is_away_it_fails()
    {
        await using (var gateway = await StartAsync())
        {
            Assert.Equal(201, (await SendAsync(gateway, "PUT", "/v1/channels/ops", """{"email":{"to":["ops@example.com"]}}""")).Status);
            (await SendAsync(gateway, "POST", "/v1/channels/ops/test")).IsProblem(409, "channel.not_configured");
            await gateway.StopAsync();
        }

        await using var withServer = await StartAsync(MailTo(FreePort.Next()));
        (await SendAsync(withServer, "POST", "/v1/channels/ops/test")).IsProblem(502, "channel.failed");
    }

    [Fact]
    public async Task A_key_that_was_made_at_the_first_start_is_kept_for_its_owner_and_signs_after_a_restart()
    {
        await using var sink = await WebhookSink.StartAsync();
        string secret;
        await using (var gateway = await StartAsync())
        {
            secret = (string)(await SendAsync(gateway, "PUT", "/v1/channels/ops", $$$"""{"webhook":{"url":"{{{sink.Url}}}/ok"}}""")).Json["secret"]!;
            Assert.Equal(0, await gateway.StopAsync());
        }

        var file = Path.Combine(_folder, "data", "signing.key");
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Who may read a file is asked as Unix has it.");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(32, Convert.FromBase64String(await File.ReadAllTextAsync(file)).Length);
        await using var again = await StartAsync();
        await SendAsync(again, "POST", "/v1/channels/ops/test");
        var received = Assert.Single(await sink.UntilAsync(1, _ => true, TimeSpan.FromSeconds(20)));
        Assert.Equal(ChannelDeliveryTests.Expected(secret, received), received.Headers["webhook-signature"]);
    }

    [Fact]
    public async Task A_key_that_was_given_is_used_and_none_is_made()
    {
        await using var gateway = await StartAsync(("CronCloud__SigningKey", Convert.ToBase64String(new byte[32])));

        Assert.Equal(201, (await SendAsync(gateway, "PUT", "/v1/channels/ops", """{"webhook":{"url":"https://example.com"}}""")).Status);

        Assert.False(File.Exists(Path.Combine(_folder, "data", "signing.key")));
    }

    [Fact]
    public async Task A_running_scheduler_pings_its_heartbeat()
    {
        await using var outside = await WebhookSink.StartAsync();
        await using var gateway = await StartAsync(("CronCloud__Heartbeat__Url", $"{outside.Url}/ok/ping"), ("CronCloud__Heartbeat__Interval", "10s"));

        var ping = Assert.Single(await outside.UntilAsync(1, _ => true, TimeSpan.FromSeconds(30)));

        Assert.Equal(("GET", "/ok/ping"), (ping.Method, ping.Path));
    }

    [Theory]
    [InlineData("CronCloud__SigningKey", "c2hvcnQ=", "CronCloud__SigningKey must be the base64 of 32 bytes or more")]
    [InlineData("CronCloud__PublicUrl", "cron.example", "CronCloud__PublicUrl must be an absolute http or https URL.")]
    [InlineData("CronCloud__PublicUrl", "https://cron.example/?a=b", "CronCloud__PublicUrl must end with its path")]
    [InlineData("CronCloud__Smtp__Port", "587", "CronCloud__Smtp__Host is missing.")]
    [InlineData("CronCloud__Smtp__Host", "mail.example.com", "CronCloud__Smtp__From is missing.")]
    [InlineData("CronCloud__Smtp__Hostname", "mail.example.com", "CronCloud__Smtp__Hostname is no setting.")]
    [InlineData("CronCloud__Heartbeat__Interval", "1m", "CronCloud__Heartbeat__Url is missing.")]
    [InlineData("CronCloud__Heartbeat__Url", "ftp://example.com", "CronCloud__Heartbeat__Url must be an absolute http or https URL.")]
    public Task A_wrong_setting_ends_the_start_with_one_line(string name, string value, string says) => CannotStartAsync(says, (name, value));

    [Theory]
    [InlineData("Port", "0", "CronCloud__Smtp__Port must be 1 to 65535.")]
    [InlineData("Host", "mail example", "CronCloud__Smtp__Host must be a host's name or address.")]
    [InlineData("From", "CronCloud", "CronCloud__Smtp__From must be an address such as 'CronCloud <cron@example.com>'.")]
    [InlineData("Security", "ssl", "CronCloud__Smtp__Security must be one of starttls, tls, none.")]
    [InlineData("Security", "none", "CronCloud__Smtp__Security none sends mail and password in the clear")]
    [InlineData("Username", "cron", "CronCloud__Smtp__Password is missing: user name and password are set together.")]
    [InlineData("Password", "hunter2", "CronCloud__Smtp__Username is missing: user name and password are set together.")]
    [InlineData("Timeout", "soon", "CronCloud__Smtp__Timeout must be 1s to 45s.")]
    public Task A_wrong_SMTP_setting_ends_the_start_with_one_line(string name, string value, string says) =>
        CannotStartAsync(says, [.. new Dictionary<string, string> { ["Host"] = "mail.example.com", ["From"] = "cron@example.com", [name] = value }.Select(s => ($"CronCloud__Smtp__{s.Key}", s.Value))]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task CannotStartAsync(string says, params (string Name, string Value)[] settings)
    {
        await using var process = await StartUnreadyAsync(settings);

        Assert.Equal(1, await process.WaitForExitAsync());
        var line = Assert.Single(process.Output.Split('\n'), l => l.Trim().Length > 0);
        Assert.StartsWith($"croncloud cannot start: {says}", line, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", process.Output, StringComparison.Ordinal);
    }

    private static (string, string)[] MailTo(int port) =>
    [
        ("CronCloud__Smtp__Host", "127.0.0.1"),
        ("CronCloud__Smtp__Port", port.ToString(CultureInfo.InvariantCulture)),
        ("CronCloud__Smtp__Security", "none"),
        ("CronCloud__Smtp__From", "CronCloud <cron@example.com>"),
    ];

    private async Task<CronCloudProcess> StartAsync(params (string Name, string Value)[] settings)
    {
        var process = await StartUnreadyAsync(settings);
        await process.UntilReadyAsync();
        return process;
    }

    private Task<CronCloudProcess> StartUnreadyAsync((string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string> { ["CronCloud__DataDirectory"] = Path.Combine(_folder, "data"), ["CronCloud__Targets__AllowPrivateNetworks"] = "true" };
        foreach (var (name, value) in settings)
            all[name] = value;
        return CronCloudProcess.StartGatewayAsync(FreePort.Next(), all);
    }

    private static async Task<Reply> SendAsync(CronCloudProcess gateway, string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var response = await gateway.Http.SendAsync(request);
        return await Reply.OfAsync(response);
    }
}
