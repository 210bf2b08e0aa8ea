using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>What ran, over HTTP.</summary>
internal static class ExecutionsApi
{
    private static readonly string[] Parameters = ["status", "from", "to", "q", "limit", "cursor"];

    /// <summary>How long history may lag behind the settler.</summary>
    private static readonly TimeSpan HistoryLag = TimeSpan.FromMilliseconds(800);

    public static void MapExecutions(this RouteGroupBuilder api)
    {
        api.MapGet("/executions", (HttpContext http, IHistory history, RunningExecutions running) => ListAsync(http, history, running, jobId: null))
            .WithTags("Executions").WithSummary("Executions, the newest due time first");
        api.MapGet("/jobs/{id}/executions", (string id, HttpContext http, IHistory history, RunningExecutions running) => ListAsync(http, history, running, id))
            .WithTags("Executions").WithSummary("Executions of a job, the newest due time first");
        api.MapGet("/executions/{executionId}", GetAsync).WithTags("Executions").WithSummary("An execution with its attempts");
    }

    private static async Task<IResult> ListAsync(HttpContext http, IHistory history, RunningExecutions running, string? jobId)
    {
        var parameters = new ListParameters(http.Request, [.. Parameters, jobId is null ? "job" : "limit"]);
        var query = new HistoryQuery
        {
            Tenant = Tenant.Of(http),
            JobId = jobId ?? parameters.Text("job"),
            Status = parameters.Word<ExecutionStatus>("status"),
            From = parameters.Instant("from"),
            To = parameters.Instant("to"),
            Text = parameters.Text("q"),
            Limit = parameters.Limit(),
            After = parameters.Cursor(text => HistoryCursor.Parse(text) is not null) is { } cursor ? HistoryCursor.Parse(cursor) : null,
        };
        if (parameters.Refusal is { } refusal)
            return refusal;
        if (query.Status == ExecutionStatus.Running)
            return ApiJson.Ok(new PageAnswer((await running.ListAsync(query.Tenant, query.JobId, query.Limit, http.RequestAborted)).Select(ExecutionAnswer.Of), null));
        var page = await history.ListAsync(query, http.RequestAborted);
        return ApiJson.Ok(new PageAnswer(page.Items.Select(ExecutionAnswer.Of), page.NextCursor));
    }

    /// <summary>
    /// The due index first: an execution that ends between the two reads is found by the second. One that was settled a moment ago may be
    /// on its way into history.
    /// </summary>
    private static async Task<IResult> GetAsync(string executionId, HttpContext http, IHistory history, RunningExecutions running, TimeProvider time)
    {
        if (ExecutionId.Job(Tenant.Of(http), executionId) is not { } job)
            return NotFound(executionId);
        var inFlight = await running.FindAsync(job, executionId, http.RequestAborted);
        if (await history.FindAsync(job, executionId, http.RequestAborted) is { } recorded)
            return ApiJson.Ok(ExecutionAnswer.Of(recorded));
        if (inFlight is not null)
            return ApiJson.Ok(ExecutionAnswer.Of(inFlight));
        await Task.Delay(HistoryLag, time, http.RequestAborted);
        return await history.FindAsync(job, executionId, http.RequestAborted) is { } late ? ApiJson.Ok(ExecutionAnswer.Of(late)) : NotFound(executionId);
    }

    private static IResult NotFound(string executionId) => Problem.NotFound("execution.not_found", $"There is no execution '{executionId}' in the last 30 days.");
}
