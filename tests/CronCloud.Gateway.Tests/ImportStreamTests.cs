using System.Net.Sockets;
using System.Text;

namespace CronCloud.Gateway.Tests;

/// <summary>An import while its body is still coming.</summary>
[Collection(nameof(RunningGateway))]
public sealed class ImportStreamTests(RunningGateway gateway)
{
    [Fact]
    public async Task A_line_is_answered_before_the_next_one_is_sent()
    {
        var (a, b) = (RunningGateway.NewId(), RunningGateway.NewId());
        await using var caller = await Caller.OpenAsync(gateway.Http.BaseAddress!);

        await caller.SendAsync(gateway.Job(a) + "\n");
        Assert.Equal($$"""{"line":1,"id":"{{a}}","status":"created"}""", await caller.ReadResultAsync());
        await caller.SendAsync(gateway.Job(b)[..20]);
        await caller.SendAsync(gateway.Job(b)[20..] + "\n");
        Assert.Equal($$"""{"line":2,"id":"{{b}}","status":"created"}""", await caller.ReadResultAsync());
        await caller.EndAsync();

        Assert.Null(await caller.ReadResultAsync());
    }

    [Fact]
    public async Task Of_a_caller_that_hangs_up_half_way_what_was_answered_is_there_and_half_a_line_is_not()
    {
        var (a, b) = (RunningGateway.NewId(), RunningGateway.NewId());
        await using (var caller = await Caller.OpenAsync(gateway.Http.BaseAddress!))
        {
            await caller.SendAsync(gateway.Job(a) + "\n");
            Assert.NotNull(await caller.ReadResultAsync());
            await caller.SendAsync(gateway.Job(b));
            await caller.HangUpAsync();
        }

        Assert.Equal(200, (await gateway.SendAsync("GET", $"/v1/jobs/{a}")).Status);
        Assert.Equal(404, (await gateway.SendAsync("GET", $"/v1/jobs/{b}")).Status);
    }

    [Fact]
    public async Task After_an_import_the_connection_serves_the_next()
    {
        await using var caller = await Caller.OpenAsync(gateway.Http.BaseAddress!);
        for (var i = 0; i < 3; i++)
        {
            var id = RunningGateway.NewId();
            await caller.SendAsync(gateway.Job(id) + "\n");
            await caller.EndAsync();
            Assert.Equal($$"""{"line":1,"id":"{{id}}","status":"created"}""", await caller.ReadResultAsync());
            Assert.Null(await caller.ReadResultAsync());
            await caller.BeginAsync();
        }
    }

    /// <summary>Sends and reads at the same time, which an HttpClient does not.</summary>
    private sealed class Caller : IAsyncDisposable
    {
        private readonly TcpClient _client;
        private readonly StreamReader _reader;

        private readonly string _host;

        private Caller(TcpClient client, string host)
        {
            (_client, _host) = (client, host);
            _reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        }

        public static async Task<Caller> OpenAsync(Uri gateway)
        {
            var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(gateway.Host, gateway.Port);
            var caller = new Caller(client, gateway.Authority);
            await caller.BeginAsync();
            return caller;
        }

        public async Task BeginAsync()
        {
            await WriteAsync($"POST /v1/jobs/import HTTP/1.1\r\nHost: {_host}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
            Assert.Equal("HTTP/1.1 200 OK", await _reader.ReadLineAsync());
            while (await _reader.ReadLineAsync() is { Length: > 0 })
            {
                // the answer's headers
            }
        }

        public Task SendAsync(string text) => WriteAsync($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

        public Task EndAsync() => WriteAsync("0\r\n\r\n");

        /// <summary>Each answer is a chunk of its own: its size, its line, and the end of the chunk. Null at the end, which is an empty chunk.</summary>
        public async Task<string?> ReadResultAsync()
        {
            while (await _reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) is { } line)
            {
                if (line.StartsWith('{'))
                    return line;
                if (line == "0")
                {
                    Assert.Equal("", await _reader.ReadLineAsync());
                    return null;
                }
            }

            return null;
        }

        /// <summary>In the middle of the body. Ends when the gateway has given up the connection too, and so done all that it will.</summary>
        public async Task HangUpAsync()
        {
            _client.Client.Shutdown(SocketShutdown.Send);
            try
            {
                Assert.Null(await ReadResultAsync());
            }
            catch (IOException reset) when (reset.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
            {
                // Given up with what it had not read: an end as well.
            }
        }

        public ValueTask DisposeAsync()
        {
            _reader.Dispose();
            _client.Dispose();
            return ValueTask.CompletedTask;
        }

        private Task WriteAsync(string text) => _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();
    }
}
