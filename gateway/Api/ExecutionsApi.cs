using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>What ran, over HTTP.</summary>
internal static class ExecutionsApi
{
    private const string OfRunning = "Those with status=running are listed by job, and not by text: they have no output yet.";

    private static readonly string[] Parameters = ["status", "from", "to", "q", "limit", "cursor"];

    public static void MapExecutions(this RouteGroupBuilder api)
    {
        api.MapGet("/executions", (HttpContext http, IHistory history, RunningExecutions running) => ListAsync(http, history, running, jobId: null))
            .WithTags("Executions").WithSummary("Executions, the newest due time first").WithDescription(OfRunning);
        api.MapGet("/jobs/{id}/executions", (string id, HttpContext http, IHistory history, RunningExecutions running) => ListAsync(http, history, running, id))
            .WithTags("Executions").WithSummary("Executions of a job, the newest due time first").WithDescription(OfRunning);
        api.MapGet("/executions/{executionId}", GetAsync).WithTags("Executions").WithSummary("An execution with its attempts");
        api.MapGet("/executions/{executionId}/timeline", TimelineAsync).WithTags("Executions").WithSummary("What happened to an execution, in order, and why")
            .WithDescription("Due, dispatched, each attempt, what was put off, retries with their reasons, dead letter, redrive; and what it waits for now.");
    }

    private static async Task<IResult> ListAsync(HttpContext http, IHistory history, RunningExecutions running, string? jobId)
    {
        var parameters = new ListParameters(http.Request, jobId is null ? [.. Parameters, "job"] : Parameters);
        var query = new HistoryQuery
        {
            Tenant = Tenant.Of(http),
            JobId = jobId ?? parameters.Text("job"),
            Status = parameters.Word<ExecutionStatus>("status"),
            From = parameters.Instant("from"),
            To = parameters.Instant("to"),
            Text = parameters.Text("q"),
            Limit = parameters.Limit(),
            After = parameters.Cursor(HistoryCursor.Parse) is { } cursor ? HistoryCursor.Parse(cursor) : null,
        };
        var isOfRunning = query.Status == ExecutionStatus.Running;
        if (isOfRunning && query.JobId is null)
            parameters.Refuse("job", "is required with status=running");
        if (isOfRunning && query.Text is not null)
            parameters.Refuse("q", "is not for status=running: there is no output yet");
        if (parameters.Refusal is { } refusal)
            return refusal;
        if (isOfRunning)
        {
            var flights = await running.ListAsync(query, http.RequestAborted);
            return ApiJson.Ok(new PageAnswer(flights.Items.Select(execution => ExecutionAnswer.Of(execution)), flights.NextCursor));
        }

        var page = await history.ListAsync(query, http.RequestAborted);
        return ApiJson.Ok(new PageAnswer(page.Items.Select(ExecutionAnswer.Of), page.NextCursor));
    }

    private static async Task<IResult> GetAsync(string executionId, HttpContext http, KnownExecutions executions) =>
        ExecutionId.Job(Tenant.Of(http), executionId) is { } job && await executions.FindAsync(job, executionId, http.RequestAborted) is { } found
            ? ApiJson.Ok(found.Answer)
            : NotFound(executionId);

    private static async Task<IResult> TimelineAsync(string executionId, HttpContext http, KnownExecutions executions, ExecutionTimelines timelines) =>
        ExecutionId.Job(Tenant.Of(http), executionId) is { } job && await executions.FindAsync(job, executionId, http.RequestAborted) is { } found
            ? ApiJson.Ok(await timelines.TellAsync(job, found, http.RequestAborted))
            : NotFound(executionId);

    private static IResult NotFound(string executionId) => Problem.NotFound("execution.not_found", $"There is no execution '{executionId}' in the last 30 days.");
}
