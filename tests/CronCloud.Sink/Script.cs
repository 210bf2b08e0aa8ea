using System.Collections.Concurrent;
using System.Globalization;

namespace CronCloud.Sink;

/// <summary>
/// What an address says about its answer: <c>/ok/…</c>, <c>/status/503/…</c>, <c>/slow/2000/…</c> (milliseconds), <c>/flaky/1/…</c> (so many
/// failures of each execution first), <c>/big/1000000/…</c> (bytes), <c>/redirect/…</c> (to <c>/ok/…</c>), <c>/hang/…</c> (no answer),
/// <c>/reset/…</c> (the connection is closed), <c>/cut/…</c> (closed in the middle of a 200); anything after that is the caller's own.
/// </summary>
internal sealed class Script
{
    private readonly ConcurrentDictionary<string, int> _failures = [];

    /// <summary>The status that the request gets, 0 for none. Asked once per request: a flaky address counts.</summary>
    public int StatusOf(string path, string? execution) => Parts(path) switch
    {
        ["status", var status, ..] => Number(status),
        ["flaky", var failures, ..] => _failures.AddOrUpdate($"{path} {execution}", 1, (_, n) => n + 1) <= Number(failures) ? 503 : 200,
        ["redirect", ..] => 302,
        ["hang" or "reset" or "cut", ..] => 0,
        _ => 200,
    };

    public static async Task BeforeAnswerAsync(HttpContext context)
    {
        switch (Parts(context.Request.Path.Value!))
        {
            case ["slow", var ms, ..]:
                await Task.Delay(TimeSpan.FromMilliseconds(Number(ms)), TimeProvider.System, context.RequestAborted);
                break;
            case ["hang", ..]:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
                break;
        }
    }

    public static async Task AnswerAsync(HttpContext context, int status)
    {
        var parts = Parts(context.Request.Path.Value!);
        switch (parts)
        {
            case ["reset", ..]:
                context.Abort();
                break;
            case ["cut", ..]:
                context.Response.ContentLength = 1_000;
                await context.Response.WriteAsync("half");
                await context.Response.Body.FlushAsync();
                context.Abort();
                break;
            case ["redirect", .. var rest]:
                context.Response.Redirect($"/ok/{string.Join('/', rest)}");
                break;
            case ["big", var bytes, ..]:
                await context.Response.WriteAsync(new string('x', Number(bytes)));
                break;
            default:
                context.Response.StatusCode = status;
                await context.Response.WriteAsync($"status {status}");
                break;
        }
    }

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
