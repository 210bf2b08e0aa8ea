using System.Text.Json.Nodes;
using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Outcomes;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>Executions that used up their attempts, over HTTP.</summary>
internal static class DeadLettersApi
{
    public static void MapDeadLetters(this RouteGroupBuilder api)
    {
        var letters = api.MapGroup("/dead-letters").WithTags("Dead letters");
        letters.MapGet("/", ListAsync).WithSummary("Dead letters, the newest first");
        letters.MapGet("/{executionId}", GetAsync).WithSummary("Why it failed, and what was sent");
        letters.MapPost("/{executionId}/redrive", RedriveOneAsync).WithSummary("Gives it a new round of attempts, under the same id and due time");
        letters.MapPost("/redrive", RedriveManyAsync).WithSummary("Redrives all, those of a job, or those from before an instant")
            .WithDescription("A 503 with a member 'executions' says how many were redriven before a part went away: send it again for the others.");
        letters.MapDelete("/{executionId}", DiscardAsync).WithSummary("Discards it; its history stays");
    }

    private static async Task<IResult> ListAsync(HttpContext http, IDeadLetterStore store)
    {
        var parameters = new ListParameters(http.Request, "job", "before", "limit", "cursor");
        var query = new DeadLetterQuery
        {
            Tenant = Tenant.Of(http),
            JobId = parameters.Text("job"),
            Before = parameters.Instant("before"),
            Limit = parameters.Limit(),
            Cursor = parameters.Cursor(DeadLetterQuery.ReadCursor),
        };
        if (parameters.Refusal is { } refusal)
            return refusal;
        var page = await store.ListAsync(query, http.RequestAborted);
        return ApiJson.Ok(new PageAnswer(page.Items.Select(letter => new DeadLetterAnswer(letter)), page.NextCursor));
    }

    private static async Task<IResult> GetAsync(string executionId, HttpContext http, IDeadLetterStore store) =>
        await store.FindAsync(Tenant.Of(http), executionId, http.RequestAborted) is { } letter ? ApiJson.Ok(new WholeDeadLetterAnswer(letter)) : NotFound(executionId);

    internal static async Task<IResult> RedriveOneAsync(string executionId, HttpContext http, Redrive redrive, IDeadLetterStore store, KnownExecutions executions)
    {
        if (KeyedRequest.SentBefore(http) is { } sent && await IsRedrivenAsync(executionId, sent, http, store, executions))
            return Redriven(1);
        return await redrive.OneAsync(Tenant.Of(http), executionId, http.RequestAborted) ? Redriven(1) : NotFound(executionId);
    }

    private static IResult Redriven(int executions) => ApiJson.Ok(new { executions }, 202);

    /// <summary>Whether a request that is sent again had its effect: its execution goes on or ended well, or is a dead letter anew.</summary>
    private static async Task<bool> IsRedrivenAsync(string executionId, DateTimeOffset sent, HttpContext http, IDeadLetterStore store, KnownExecutions executions)
    {
        if (await store.FindAsync(Tenant.Of(http), executionId, http.RequestAborted) is { } letter)
            return letter.DeadLetteredAt >= sent;
        return ExecutionId.Job(Tenant.Of(http), executionId) is { } job && await executions.FindAsync(job, executionId, http.RequestAborted) is { Trigger: Trigger.Redrive };
    }

    internal static async Task<IResult> RedriveManyAsync(HttpContext http, Redrive redrive)
    {
        var (body, broken) = await JsonBody.ReadAsync(http.Request, mayBeEmpty: true);
        if (broken is not null)
            return broken;
        var faults = new List<Fault>();
        var query = new DeadLetterQuery { Tenant = Tenant.Of(http) };
        foreach (var (name, value) in body!)
            query = Read(query, name, value, faults);
        if (faults.Count > 0)
            return Problem.Invalid(faults);
        // Sent again, it leaves those alone that failed anew since: one request is one round.
        if (KeyedRequest.SentBefore(http) is { } sent && !(query.Before < sent))
            query = query with { Before = sent };
        return Redriven(await redrive.ManyAsync(query, http.RequestAborted));
    }

    private static DeadLetterQuery Read(DeadLetterQuery query, string name, JsonNode? value, List<Fault> faults)
    {
        var text = value is JsonValue json && json.TryGetValue<string>(out var read) ? read : null;
        switch (name)
        {
            case "job" when text is not null && (JobRules.IsId(text) || ChannelJob.IsId(text)):
                return query with { JobId = text };
            case "before" when text is not null && Instants.TryParse(text, out var before):
                return query with { Before = before };
            case "job":
                faults.Add(new Fault("/job", "must be a job's id"));
                return query;
            case "before":
                faults.Add(new Fault("/before", "must be an instant such as 2026-12-01T03:00:00Z"));
                return query;
            default:
                faults.Add(new Fault($"/{JsonBody.Escape(name)}", "is no known field"));
                return query;
        }
    }

    private static async Task<IResult> DiscardAsync(string executionId, HttpContext http, IDeadLetterStore store) =>
        await store.DiscardAsync(Tenant.Of(http), executionId, http.RequestAborted) ? Results.NoContent() : NotFound(executionId);

    private static IResult NotFound(string executionId) => Problem.NotFound("deadLetter.not_found", $"There is no dead letter '{executionId}'.");
}
