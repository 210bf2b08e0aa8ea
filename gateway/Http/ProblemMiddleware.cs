using System.Data.Common;
using System.Net.Sockets;
using CronCloud.Core.History;
using CronCloud.Engine.Outcomes;

namespace CronCloud.Gateway.Http;

/// <summary>Turns what was thrown into a problem: a server that is away is 503, anything else is ours and 500.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            if (context.RequestAborted.IsCancellationRequested)
                return;
            context.Response.Clear();
            await ProblemOf(context, failure).WriteAsync(context);
        }
    }

    private Problem ProblemOf(HttpContext context, Exception failure)
    {
        switch (failure)
        {
            case BadHttpRequestException bad:
                return new Problem(bad.StatusCode, bad.StatusCode == 413 ? "request.too_large" : "request.invalid", "The request is not valid", bad.Message);
            case SearchTooBroadException:
                return new Problem(400, "search.too_broad", "The search is too broad", "There is too much to look through. Narrow it by job, from and to.");
            case RedriveCutShortException partly:
                LogAway(context.Request.Path, partly.InnerException!.GetType().Name, partly.Message);
                return Problem.Unavailable($"{partly.Redriven} executions were redriven, the others are dead letters still. Send it again for those.") with { Executions = partly.Redriven };
            case DbException or TimeoutException or SocketException or IOException or OperationCanceledException or HttpRequestException or StackExchange.Redis.RedisException:
                LogAway(context.Request.Path, failure.GetType().Name, failure.Message);
                return Problem.Unavailable("Try again in a moment.");
            default:
                LogFailed(failure, context.Request.Path);
                return new Problem(500, "internal", "Something went wrong on our side", "The trace id leads us to it.");
        }
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "{Path} met a server that is away: {Kind}: {Reason}")]
    private partial void LogAway(string path, string kind, string reason);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Error, Message = "{Path} failed")]
    private partial void LogFailed(Exception failure, string path);
}
