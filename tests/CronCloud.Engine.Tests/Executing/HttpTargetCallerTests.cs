using System.Net;
using System.Net.Sockets;
using System.Text;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>Each way in which a target can fail has a text of its own.</summary>
public sealed class HttpTargetCallerTests : IDisposable
{
    /// <summary>Far longer than an answer takes, however busy the machine is.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly HttpTargetCaller _caller = new(new TargetOptions { AllowPrivateNetworks = true }, TimeProvider.System);

    public HttpTargetCallerTests() => _listener.Start();

    [Fact]
    public async Task A_reset_before_the_answer()
    {
        var answer = await CallAsync("http", Reset);

        Assert.Equal((AttemptResult.Refused, "the connection was reset before the answer"), (answer.Result, answer.Error));
    }

    [Fact]
    public async Task A_reset_within_the_answer()
    {
        var answer = await CallAsync("http", async client =>
        {
            await SayAsync(client, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
            await Reset(client);
        });

        Assert.Equal((AttemptResult.Refused, "the connection was reset while the answer was read"), (answer.Result, answer.Error));
    }

    [Fact]
    public async Task A_close_before_the_answer()
    {
        var answer = await CallAsync("http", client => Task.CompletedTask);

        Assert.Equal((AttemptResult.Refused, "the connection was closed before the answer was whole"), (answer.Result, answer.Error));
    }

    [Fact]
    public async Task No_answer_in_time()
    {
        var answer = await CallAsync("http", client => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System), TimeSpan.FromSeconds(1));

        Assert.Equal((AttemptResult.TimedOut, "no whole answer within 1 s"), (answer.Result, answer.Error));
    }

    [Fact]
    public async Task Something_that_is_no_HTTP()
    {
        var answer = await CallAsync("http", client => SayAsync(client, "hello\r\n\r\n"));

        Assert.Equal(AttemptResult.Refused, answer.Result);
        Assert.StartsWith("the answer is no HTTP: ", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_that_is_no_TLS()
    {
        var answer = await CallAsync("https", client => SayAsync(client, "HTTP/1.1 400 Bad Request\r\n\r\n"));

        Assert.Equal(AttemptResult.Refused, answer.Result);
        Assert.StartsWith("TLS failed: ", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there()
    {
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _listener.Stop();

        var answer = await _caller.CallAsync(To($"http://127.0.0.1:{port}/", Patience), Pipeline.None);

        Assert.Equal((AttemptResult.Refused, "the connection was refused"), (answer.Result, answer.Error));
    }

    [Theory]
    [InlineData(429, "Retry-After: 7", 7)]
    [InlineData(503, "Retry-After: 7", 7)]
    [InlineData(500, "Retry-After: 7", null)]
    [InlineData(429, "Retry-After: soon", null)]
    public async Task Retry_After_counts_with_429_and_503(int status, string header, int? seconds)
    {
        var answer = await CallAsync("http", client => SayAsync(client, $"HTTP/1.1 {status} No\r\n{header}\r\nContent-Length: 0\r\n\r\n"));

        Assert.Equal(seconds is { } s ? TimeSpan.FromSeconds(s) : null, answer.RetryAfter);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _caller.Dispose();
    }

    private static Execution To(string url, TimeSpan timeout) => new()
    {
        Tenant = "t",
        JobId = "job",
        JobVersion = 1,
        ExecutionId = "job@20261201T030000Z",
        ScheduledAt = Pipeline.Start,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target { Http = new HttpTarget { Url = url, Timeout = timeout } },
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };

    /// <summary>A close that discards what is under way.</summary>
    private static Task Reset(TcpClient client)
    {
        client.Client.LingerState = new LingerOption(true, 0);
        client.Client.Close();
        return Task.CompletedTask;
    }

    private static async Task SayAsync(TcpClient client, string text) => await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));

    private async Task<Answer> CallAsync(string scheme, Func<TcpClient, Task> answer, TimeSpan? timeout = null)
    {
        var call = _caller.CallAsync(To($"{scheme}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/", timeout ?? Patience), Pipeline.None);
        using var client = await _listener.AcceptTcpClientAsync();
        _ = await client.GetStream().ReadAsync(new byte[4096]);
        await Task.WhenAny(answer(client), call);
        client.Close();
        return await call;
    }
}
