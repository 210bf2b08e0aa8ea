using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Signatures;
using CronCloud.Engine.Executing;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>What a receiver can tell from an attempt's headers, by its own arithmetic.</summary>
public sealed class SignatureTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Read(Convert.ToBase64String(new byte[32]))!;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly FakeTimeProvider _time = new(Pipeline.Start);

    public SignatureTests() => _listener.Start();

    [Fact]
    public async Task Each_attempt_is_signed_over_its_body_and_its_own_time()
    {
        using var caller = NewCaller(Key);
        var body = JsonSerializer.SerializeToElement(new { text = "é <&> \"" });

        var (first, firstBody) = await CallAsync(caller, Signed(body));
        _time.Advance(TimeSpan.FromSeconds(10));
        var (second, secondBody) = await CallAsync(caller, Signed(body) with { Attempt = 2 });

        Assert.Equal(("msg-1", "msg-1"), (first["webhook-id"], second["webhook-id"]));
        Assert.Equal(10, long.Parse(second["webhook-timestamp"]) - long.Parse(first["webhook-timestamp"]));
        Assert.Equal(Pipeline.Start.ToUnixTimeSeconds(), long.Parse(first["webhook-timestamp"]));
        Assert.Equal(Expected(first, firstBody), first["webhook-signature"]);
        Assert.Equal(Expected(second, secondBody), second["webhook-signature"]);
        Assert.NotEqual(first["webhook-signature"], second["webhook-signature"]);
        Assert.Equal((body.GetRawText(), body.GetRawText()), (firstBody, secondBody));
    }

    [Fact]
    public async Task An_execution_that_asks_for_no_signature_has_none()
    {
        using var caller = NewCaller(Key);

        var (headers, _) = await CallAsync(caller, Signed(null) with { SignedBy = null });

        Assert.DoesNotContain(headers.Keys, name => name.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Without_a_key_nothing_goes_out_that_was_to_be_signed()
    {
        using var caller = NewCaller(null);

        var answer = await caller.CallAsync(Signed(null), Pipeline.None);

        Assert.Equal((AttemptResult.Failed, "not sent, since it cannot be signed: this node has no CronCloud__SigningKey"), (answer.Result, answer.Error));
        Assert.False(_listener.Pending());
    }

    [Fact]
    public void What_signs_an_execution_survives_the_queue()
    {
        var execution = Signed(null);

        Assert.Equal(execution.SignedBy, Execution.FromJson(execution.ToJson()).SignedBy);
        Assert.DoesNotContain("signedBy", Encoding.UTF8.GetString((execution with { SignedBy = null }).ToJson()), StringComparison.Ordinal);
    }

    public void Dispose() => _listener.Dispose();

    private static string Expected(Dictionary<string, string> headers, string body)
    {
        var secret = HMACSHA256.HashData(new byte[32], Encoding.UTF8.GetBytes("t/channel/ops/1"));
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"{headers["webhook-id"]}.{headers["webhook-timestamp"]}.{body}")));
    }

    private HttpTargetCaller NewCaller(SigningKey? key) => new(new TargetOptions { AllowPrivateNetworks = true }, _time, key);

    private async Task<(Dictionary<string, string> Headers, string Body)> CallAsync(HttpTargetCaller caller, Execution execution)
    {
        var calling = caller.CallAsync(execution, Pipeline.None);
        using var client = await _listener.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        await reader.ReadLineAsync();
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
            headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        var body = new StringBuilder();
        while (Encoding.UTF8.GetByteCount(body.ToString()) < int.Parse(headers["Content-Length"]))
            body.Append((char)reader.Read());
        await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        Assert.Equal(AttemptResult.Succeeded, (await calling).Result);
        return (headers, body.ToString());
    }

    private Execution Signed(JsonElement? body) => new()
    {
        Tenant = "t",
        JobId = "croncloud.channel.ops",
        JobVersion = 1,
        ExecutionId = "croncloud.channel.ops@20261201T030000Z-m1",
        ScheduledAt = Pipeline.Start,
        Trigger = Trigger.Event,
        Attempt = 1,
        Target = new Target { Http = new HttpTarget { Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/", Body = body } },
        Retry = RetryPolicy.Default,
        SignedBy = new SignedBy("channel/ops/1", "msg-1"),
        TraceParent = TraceParent.New(),
    };
}
