using System.Globalization;
using CronCloud.LoadSink;

// A receiver of webhooks for loads, in a process of its own: usage: --urls http://127.0.0.1:PORT. It keeps what arrived in memory and does as little as it can
// besides, so that it never is what a load waits for: GET /count, GET /dump (ArrivalDump), POST /clear; everything else is a webhook.
var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { Args = args });
builder.Configuration.AddCommandLine(args);
builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
if (builder.Configuration["urls"] is not { Length: > 0 } urls)
{
    await Console.Error.WriteLineAsync("--urls http://127.0.0.1:PORT says where the sink listens.");
    return 2;
}

builder.WebHost.UseUrls(urls);
var log = new ArrivalLog();
await using var app = builder.Build();
app.Run(context => context.Request.Path.Value switch
{
    "/count" => context.Response.WriteAsync(log.Count.ToString(CultureInfo.InvariantCulture)),
    "/dump" => ArrivalDump.WriteAsync(context.Response.Body, log),
    "/clear" => Clear(),
    var path => ReceiveAsync(context, path!),
});
await app.RunAsync();
return 0;

Task ReceiveAsync(HttpContext context, string path)
{
    var at = Arrival.Microseconds(TimeProvider.System.GetUtcNow());
    var status = Answer.StatusOf(path, out var job);
    var headers = context.Request.Headers;
    var due = headers.TryGetValue("CronCloud-Scheduled-At", out var text) ? Arrival.Microseconds(DateTimeOffset.Parse(text!, CultureInfo.InvariantCulture)) : 0;
    var attempt = headers.TryGetValue("CronCloud-Attempt", out var number) ? int.Parse(number!, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
    log.Add(at, due, job, attempt, status);
    context.Response.StatusCode = status;
    context.Response.ContentLength = 0;
    return Task.CompletedTask;
}

Task Clear()
{
    log.Clear();
    return Task.CompletedTask;
}
