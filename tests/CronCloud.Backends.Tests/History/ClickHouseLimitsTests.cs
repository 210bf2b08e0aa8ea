using System.Collections.Specialized;
using System.Net;
using System.Text;
using CronCloud.Backends.History;
using CronCloud.Core.History;
using CronCloud.TestServers;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Backends.Tests.History;

/// <summary>What a read may cost, at a server that plays dead or refuses.</summary>
public sealed class ClickHouseLimitsTests : IDisposable
{
    private static readonly HistoryQuery Query = new() { Tenant = "t" };

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly HttpListener _server = new();
    private readonly ClickHouseHistory _history;

    public ClickHouseLimitsTests()
    {
        var port = FreePort.Next();
        _server.Prefixes.Add($"http://127.0.0.1:{port}/");
        _server.Start();
        _history = new ClickHouseHistory($"Host=127.0.0.1;Port={port};Database=default", _time);
    }

    public void Dispose()
    {
        _history.Dispose();
        _server.Close();
    }

    [Fact]
    public async Task An_answer_that_stops_half_way_is_given_up()
    {
        var reading = _history.ListAsync(Query, CancellationToken.None);
        var asked = await _server.GetContextAsync();
        asked.Response.SendChunked = true;
        await asked.Response.OutputStream.WriteAsync(Head());
        await asked.Response.OutputStream.FlushAsync();

        while (!reading.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Assert.ThrowsAsync<TimeoutException>(() => reading);
    }

    [Theory]
    [InlineData(159)]
    [InlineData(241)]
    public async Task A_search_that_the_server_ended_for_its_cost_is_too_broad(int code)
    {
        var reading = _history.ListAsync(Query, CancellationToken.None);
        var asked = await _server.GetContextAsync();
        asked.Response.StatusCode = 500;
        asked.Response.Headers["X-ClickHouse-Exception-Code"] = $"{code}";
        asked.Response.Close(Encoding.UTF8.GetBytes($"Code: {code}. DB::Exception: ended"), willBlock: false);

        await Assert.ThrowsAsync<SearchTooBroadException>(() => reading);
        Assert.Equal(("10", "2000000000"), Limits(asked.Request.QueryString));
    }

    private static (string?, string?) Limits(NameValueCollection settings) => (settings["max_execution_time"], settings["max_memory_usage"]);

    /// <summary>The names and types of an answer of one column, whose rows never come.</summary>
    private static byte[] Head() => [1, 1, (byte)'a', 5, .. "UInt8"u8];
}
