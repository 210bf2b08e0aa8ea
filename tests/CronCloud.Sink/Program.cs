using CronCloud.Sink;

// A receiver of webhooks that keeps a ledger of its own: usage: --urls http://127.0.0.1:PORT --ledger FILE. It shares no code with CronCloud.
var builder = WebApplication.CreateSlimBuilder(args);
if (builder.Configuration["ledger"] is not { Length: > 0 } path)
{
    await Console.Error.WriteLineAsync("--ledger FILE says where the ledger is.");
    return 2;
}

builder.Logging.ClearProviders();
await using var ledger = new LedgerFile(path);
var script = new Script();
var requests = 0L;

await using var app = builder.Build();
app.MapGet("/sink/ready", () => "ready");
app.MapFallback(ReceiveAsync);
await app.RunAsync();
return 0;

// Nobody is answered before the line of his request is on the disk. The end is noted before the answer leaves, so that what overlaps in the ledger did overlap.
async Task ReceiveAsync(HttpContext context)
{
    var number = Interlocked.Increment(ref requests);
    var arrival = ArrivalLine.Of(number, context.Request, execution => script.StatusOf(context.Request.Path.Value!, execution));
    await ledger.AppendAsync(arrival);
    try
    {
        await Script.BeforeAnswerAsync(context);
        _ = ledger.AppendAsync(new EndLine(number, Cut: false));
        await Script.AnswerAsync(context, arrival.Answer);
    }
    catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
    {
        _ = ledger.AppendAsync(new EndLine(number, Cut: true));
    }
}
