using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CronCloud.TestServers;

/// <summary>
/// A receiver of webhooks that keeps what arrived. The address scripts its answer: <c>/ok/…</c>, <c>/status/503/…</c>, <c>/slow/2000/…</c>
/// (milliseconds), <c>/big/1000000/…</c> (bytes), <c>/flaky/1/…</c> (so many failures at this address first), <c>/redirect/…</c> (to <c>/ok/…</c>); anything after that is the test's own.
/// </summary>
public sealed class WebhookSink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedWebhook> _received = [];
    private readonly SemaphoreSlim _arrived = new(0);

    private WebhookSink(WebApplication app, int port)
    {
        _app = app;
        Url = $"http://127.0.0.1:{port}";
        app.Run(AnswerAsync);
    }

    public string Url { get; }

    public IReadOnlyList<ReceivedWebhook> Received => [.. _received];

    public static async Task<WebhookSink> StartAsync()
    {
        var port = FreePort.Next();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var sink = new WebhookSink(builder.Build(), port);
        await sink._app.StartAsync();
        return sink;
    }

    /// <summary>Returns when so many requests that match have arrived.</summary>
    public async Task<IReadOnlyList<ReceivedWebhook>> UntilAsync(int count, Func<ReceivedWebhook, bool> matches, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        while (true)
        {
            var matching = _received.Where(matches).ToList();
            if (matching.Count >= count)
                return matching;
            try
            {
                await _arrived.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException late)
            {
                throw new TimeoutException($"{matching.Count} of {count} webhooks arrived within {patience.TotalSeconds} s.", late);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _arrived.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var at = TimeProvider.System.GetUtcNow();
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        _received.Enqueue(new ReceivedWebhook(at, context.Request.Method, context.Request.Path, headers, body));
        _arrived.Release();

        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (parts)
        {
            case ["status", var status, ..]:
                context.Response.StatusCode = int.Parse(status, CultureInfo.InvariantCulture);
                await context.Response.WriteAsync($"status {status}");
                break;
            case ["slow", var ms, ..]:
                await Task.Delay(TimeSpan.FromMilliseconds(int.Parse(ms, CultureInfo.InvariantCulture)), TimeProvider.System, context.RequestAborted);
                await context.Response.WriteAsync("slow");
                break;
            case ["big", var bytes, ..]:
                await context.Response.WriteAsync(new string('x', int.Parse(bytes, CultureInfo.InvariantCulture)));
                break;
            case ["flaky", var failures, ..]:
                var earlier = _received.Count(w => w.Path == context.Request.Path.Value) - 1;
                context.Response.StatusCode = earlier < int.Parse(failures, CultureInfo.InvariantCulture) ? 503 : 200;
                await context.Response.WriteAsync($"after {earlier}");
                break;
            case ["redirect", .. var rest]:
                context.Response.Redirect($"/ok/{string.Join('/', rest)}");
                break;
            default:
                await context.Response.WriteAsync("ok");
                break;
        }
    }
}

/// <summary>A request as it arrived.</summary>
public sealed record ReceivedWebhook(DateTimeOffset At, string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string ExecutionId => Headers.GetValueOrDefault("CronCloud-Execution", "");

    public DateTimeOffset ScheduledAt => DateTimeOffset.Parse(Headers["CronCloud-Scheduled-At"], CultureInfo.InvariantCulture);

    public TimeSpan Lateness => At - ScheduledAt;
}
