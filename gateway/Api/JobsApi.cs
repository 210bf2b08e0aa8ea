using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using CronCloud.Core;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Telemetry;
using CronCloud.Gateway.Http;
using Microsoft.Net.Http.Headers;

namespace CronCloud.Gateway.Api;

/// <summary>Jobs over HTTP.</summary>
internal static class JobsApi
{
    private const int PatchTries = 3;

    public static void MapJobs(this RouteGroupBuilder api)
    {
        var jobs = api.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("/", CreateAsync).WithSummary("Creates a job");
        jobs.MapGet("/", ListAsync).WithSummary("Lists jobs by id");
        jobs.MapPost("/import", (HttpContext http, JobLinesApi lines) => lines.ImportAsync(http)).WithMetadata(StreamedBody.Mark).Accepts<JobLine>(JobLinesApi.MediaType).Produces(200, contentType: JobLinesApi.MediaType)
            .WithSummary("Creates or replaces jobs, one a line; answers a result line each, in order, while the body comes");
        jobs.MapGet("/export", (HttpContext http, JobLinesApi lines) => lines.ExportAsync(http)).Produces(200, contentType: JobLinesApi.MediaType)
            .WithSummary("All jobs, or those of the filters that lists have, one a line, as import takes them");
        jobs.MapPut("/{id}", PutAsync).WithSummary("Creates or replaces a job");
        jobs.MapPatch("/{id}", PatchAsync).WithSummary("Changes a job by a JSON merge patch");
        jobs.MapGet("/{id}", GetAsync).WithSummary("Reads a job");
        jobs.MapDelete("/{id}", DeleteAsync).WithSummary("Deletes a job; its history stays");
        jobs.MapPost("/{id}/pause", (string id, HttpContext http, JobChanges changes, TimeProvider time) => ChangeAsync(id, JobAction.Pause, http, changes, time)).WithSummary("Pauses a job");
        jobs.MapPost("/{id}/resume", (string id, HttpContext http, JobChanges changes, TimeProvider time) => ChangeAsync(id, JobAction.Resume, http, changes, time)).WithSummary("Resumes a job");
        jobs.MapPost("/{id}/trigger", TriggerAsync).WithSummary("Runs a job once, now");
        jobs.MapGet("/{id}/upcoming", UpcomingAsync).WithSummary("The next due times of a job");
        jobs.MapGet("/{id}/revisions", RevisionsAsync).WithSummary("Who changed what, when; newest first");
    }

    private static async Task<IResult> CreateAsync(HttpContext http, JobChanges changes, TimeProvider time)
    {
        var (body, broken) = await JsonBody.ReadAsync(http.Request);
        if (broken is not null)
            return broken;
        var (request, refusal) = JobRequest.Read(body!, Tenant.Of(http), addressId: null, () => NewId(http));
        return refusal?.ToResult() ?? Answer(await changes.AskAsync(Write(JobAction.Create, request!, http), http.RequestAborted), http, time);
    }

    private static async Task<IResult> PutAsync(string id, HttpContext http, JobChanges changes, TimeProvider time)
    {
        var (body, broken) = await JsonBody.ReadAsync(http.Request);
        if (broken is not null)
            return broken;
        var (request, refusal) = JobRequest.Read(body!, Tenant.Of(http), id, () => id);
        if (refusal is not null)
            return refusal.ToResult();
        if (Preconditions(http.Request, out var ifVersion, out var ifNew) is { } unmet)
            return unmet;
        return Answer(await changes.AskAsync(Write(JobAction.Put, request!, http) with { IfVersion = ifVersion, IfNew = ifNew, IfExists = http.Request.Headers.IfMatch == "*" }, http.RequestAborted), http, time);
    }

    /// <summary>Without If-Match, a change by somebody else in between is merged with, not refused.</summary>
    private static async Task<IResult> PatchAsync(string id, HttpContext http, IJobStore store, JobChanges changes, TimeProvider time)
    {
        var (patch, broken) = await JsonBody.ReadAsync(http.Request);
        if (broken is not null)
            return broken;
        if (Preconditions(http.Request, out var ifVersion, out _) is { } unmet)
            return unmet;

        var reply = new JobReply();
        for (var tries = 0; tries < PatchTries; tries++)
        {
            if (await FindAsync(id, http, store) is not { } job)
                return Problem.JobNotFound(id);
            var current = (JsonObject)JsonSerializer.SerializeToNode(JobAnswer.Of(job, time.GetUtcNow()), ApiJson.Options)!;
            var (request, refusal) = JobRequest.Read(MergePatch.Apply(current, patch!), Tenant.Of(http), id, () => id);
            if (refusal is not null)
                return refusal.ToResult();
            reply = await changes.AskAsync(Write(JobAction.Put, request!, http) with { IfVersion = ifVersion ?? job.Version }, http.RequestAborted);
            if (ifVersion is not null || reply.Refused?.Code != RefusalCode.VersionConflict)
                break;
        }

        return Answer(reply, http, time);
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, IJobStore store, TimeProvider time)
    {
        if (await FindAsync(id, http, store) is not { } job)
            return Problem.JobNotFound(id);
        http.Response.Headers.ETag = EntityTags.Of(job.Version);
        return EntityTags.IsKnown(http.Request.Headers.IfNoneMatch.ToString(), EntityTags.Of(job.Version))
            ? Results.StatusCode(304)
            : ApiJson.Ok(JobAnswer.Of(job, time.GetUtcNow()));
    }

    private static async Task<IResult> ListAsync(HttpContext http, IJobStore store, TimeProvider time)
    {
        var parameters = new ListParameters(http.Request, "state", "tag", "q", "target", "limit", "cursor");
        var now = time.GetUtcNow();
        var query = new JobQuery
        {
            Tenant = Tenant.Of(http),
            Now = now,
            State = parameters.Word("state", except: JobState.Deleted),
            Tags = parameters.Tags(),
            Text = parameters.Text("q"),
            Destination = parameters.Text("target"),
            Limit = parameters.Limit(),
            Cursor = parameters.Cursor(Cursor.Read),
        };
        if (parameters.Refusal is { } refusal)
            return refusal;
        var page = await store.ListAsync(query, http.RequestAborted);
        return ApiJson.Ok(new PageAnswer(page.Items.Select(job => JobAnswer.Of(job, now)), page.NextCursor));
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext http, JobChanges changes)
    {
        if (Preconditions(http.Request, out var ifVersion, out _) is { } refusal)
            return refusal;
        var reply = await changes.AskAsync(Change(JobAction.Delete, id, http) with { IfVersion = ifVersion }, http.RequestAborted);
        return JobChanges.RefusalOf(reply) ?? Results.NoContent();
    }

    private static async Task<IResult> ChangeAsync(string id, JobAction action, HttpContext http, JobChanges changes, TimeProvider time)
    {
        if (Preconditions(http.Request, out var ifVersion, out _) is { } refusal)
            return refusal;
        return Answer(await changes.AskAsync(Change(action, id, http) with { IfVersion = ifVersion }, http.RequestAborted), http, time);
    }

    internal static async Task<IResult> TriggerAsync(string id, HttpContext http, JobChanges changes, KnownExecutions executions, TimeProvider time)
    {
        var (body, broken) = await JsonBody.ReadAsync(http.Request, mayBeEmpty: true);
        if (broken is not null)
            return broken;
        if (body!.FirstOrDefault(field => field.Key != "payload").Key is { } unknown)
            return Problem.Invalid($"/{JsonBody.Escape(unknown)}", "is no known field");
        var payload = body!["payload"] is { } node ? JsonSerializer.SerializeToElement(node) : (JsonElement?)null;
        if (!JobRules.IsBodySize(payload))
            return Problem.Invalid("/payload", "must be at most 256 KB");
        var keyed = KeyedRequest.Of(http);
        if (keyed is { IsRepeated: true } && time.GetUtcNow() - keyed.FirstSent > DueEntry.TombstoneLife && await TriggeredAsync(id, keyed, http, executions) is { } before)
            return Triggered(before);
        var reply = await changes.AskAsync(new TriggerJob { Tenant = Tenant.Of(http), Id = id, Payload = payload, Asked = keyed is null ? null : (keyed.FirstSent, keyed.Nonce), TraceParent = ExecutionTraces.Of(Activity.Current) }, http.RequestAborted);
        return JobChanges.RefusalOf(reply) ?? Triggered(reply.ExecutionId!);
    }

    private static IResult Triggered(string executionId) => ApiJson.Ok(new { executionId }, 202);

    /// <summary>The execution that the request made when it was sent before. The due index knows it for a while; later, history has to be asked.</summary>
    private static async Task<string?> TriggeredAsync(string id, KeyedRequest keyed, HttpContext http, KnownExecutions executions)
    {
        var executionId = ExecutionId.Manual(id, keyed.FirstSent, keyed.Nonce);
        return await executions.FindAsync(new JobKey(Tenant.Of(http), id), executionId, http.RequestAborted) is null ? null : executionId;
    }

    private static async Task<IResult> UpcomingAsync(string id, HttpContext http, IJobStore store, TimeProvider time)
    {
        var parameters = new ListParameters(http.Request, "count");
        var count = parameters.Limit("count", standard: 10);
        if (parameters.Refusal is { } refusal)
            return refusal;
        if (await FindAsync(id, http, store) is not { } job)
            return Problem.JobNotFound(id);
        return ApiJson.Ok(new { occurrences = job.State == JobState.Active ? job.Schedule().Upcoming(time.GetUtcNow(), count).ToList() : [] });
    }

    private static async Task<IResult> RevisionsAsync(string id, HttpContext http, IJobStore store)
    {
        var parameters = new ListParameters(http.Request, "limit", "cursor");
        var (limit, cursor) = (parameters.Limit(), parameters.Cursor(Cursor.ReadNumbered));
        if (parameters.Refusal is { } refusal)
            return refusal;
        var page = await store.ListRevisionsAsync(new JobKey(Tenant.Of(http), id), limit, cursor, http.RequestAborted);
        if (page.Items.Count == 0 && cursor is null)
            return Problem.JobNotFound(id);
        return ApiJson.Ok(new PageAnswer(page.Items, page.NextCursor));
    }

    private static async Task<Job?> FindAsync(string id, HttpContext http, IJobStore store) =>
        JobRules.IsId(id) && await store.FindAsync(new JobKey(Tenant.Of(http), id), http.RequestAborted) is { State: not JobState.Deleted } job ? job : null;

    private static ChangeJob Change(JobAction action, string id, HttpContext http) => new() { Tenant = Tenant.Of(http), Id = id, Action = action, By = "api", SentBefore = KeyedRequest.SentBefore(http) };

    private static ChangeJob Write(JobAction action, JobRequest request, HttpContext http) => Change(action, request.Id, http) with { Definition = request.Definition, State = request.State };

    private static IResult Answer(JobReply reply, HttpContext http, TimeProvider time)
    {
        if (JobChanges.RefusalOf(reply) is { } refusal)
            return refusal;
        var job = reply.Job!;
        http.Response.Headers.ETag = EntityTags.Of(job.Version);
        if (reply.Created)
            http.Response.Headers.Location = $"/v1/jobs/{job.Key.Id}";
        return ApiJson.Ok(JobAnswer.Of(job, time.GetUtcNow()), reply.Created ? 201 : 200);
    }

    private static IResult? Preconditions(HttpRequest request, out long? ifVersion, out bool ifNew)
    {
        (ifVersion, ifNew) = (null, request.Headers.IfNoneMatch == "*");
        var match = request.Headers.IfMatch.ToString();
        if (match is "" or "*")
            return null;
        if (EntityTagHeaderValue.TryParse(match, out var tag) && !tag.IsWeak && long.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            ifVersion = version;
            return null;
        }

        return new Problem(412, "job.version_conflict", "The job has changed", $"If-Match: {match} is not the ETag of any version of a job.").ToResult();
    }

    private static string NewId(HttpContext http) => "job-" + (KeyedRequest.Of(http)?.Nonce ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
}
