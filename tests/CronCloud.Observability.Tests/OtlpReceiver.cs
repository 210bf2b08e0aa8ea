using System.Collections.Concurrent;
using CronCloud.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CronCloud.Observability.Tests;

/// <summary>Whom spans are exported to, by OTLP over HTTP.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<OtlpSpan> _spans = [];

    private OtlpReceiver(WebApplication app, string url)
    {
        (_app, Url) = (app, url);
        app.MapPost("/v1/traces", ReceiveAsync);
    }

    public string Url { get; }

    public static async Task<OtlpReceiver> StartAsync()
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        var receiver = new OtlpReceiver(builder.Build(), url);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>The spans of a trace by their names, once all of the names are there.</summary>
    public async Task<IReadOnlyDictionary<string, OtlpSpan>> UntilAsync(string traceId, params string[] names)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            var spans = _spans.Where(span => span.TraceId == traceId).ToList();
            if (names.All(name => spans.Exists(span => span.Name == name)))
                return spans.ToDictionary(span => span.Name);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        throw new TimeoutException($"Of the trace {traceId} came: {string.Join(", ", _spans.Where(span => span.TraceId == traceId))}; in all: {string.Join(", ", _spans.Select(span => span.Name).Distinct())}.");
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        foreach (var span in OtlpSpan.Read(body.ToArray()))
            _spans.Enqueue(span);
        context.Response.ContentType = "application/x-protobuf";
    }
}
