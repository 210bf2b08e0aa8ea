using CronCloud.Core.Alerts;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>Jobs in trouble, over HTTP.</summary>
internal static class IncidentsApi
{
    private const string By = "api";

    public static void MapIncidents(this RouteGroupBuilder api)
    {
        var incidents = api.MapGroup("/incidents").WithTags("Incidents");
        incidents.MapGet("/", ListAsync).WithSummary("Incidents, the newest first: by state, by job");
        incidents.MapGet("/{id}", GetAsync).WithSummary("An incident: what happened to it, and which channels were told when");
        incidents.MapPost("/{id}/acknowledge", AcknowledgeAsync).WithSummary("Says that somebody knows: no reminders from then on, but that it is over is told")
            .WithDescription("Acknowledging it again changes nothing. A resolved incident cannot be acknowledged (409).");
    }

    private static async Task<IResult> ListAsync(HttpContext http, IIncidentStore store)
    {
        var parameters = new ListParameters(http.Request, "state", "job", "limit", "cursor");
        var query = new IncidentQuery
        {
            Tenant = Tenant.Of(http),
            State = parameters.Word<IncidentState>("state"),
            JobId = parameters.Text("job"),
            Limit = parameters.Limit(),
            Cursor = parameters.Cursor(IncidentQuery.ReadCursor),
        };
        if (parameters.Refusal is { } refusal)
            return refusal;
        var page = await store.ListAsync(query, http.RequestAborted);
        return ApiJson.Ok(new PageAnswer(page.Items.Select(incident => new IncidentAnswer(incident)), page.NextCursor));
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, IIncidentStore store) =>
        await store.FindAsync(Tenant.Of(http), id, http.RequestAborted) is { } incident
            ? ApiJson.Ok(new WholeIncidentAnswer(incident, await store.ReadEventsAsync(incident.Tenant, id, http.RequestAborted)))
            : NotFound(id);

    /// <summary>Where its job's outcomes change it at the same time, the version decides, and it is read again.</summary>
    internal static async Task<IResult> AcknowledgeAsync(string id, HttpContext http, IIncidentStore store, TimeProvider time)
    {
        while (await store.FindAsync(Tenant.Of(http), id, http.RequestAborted) is { } incident)
        {
            if (incident.State == IncidentState.Resolved)
                return IsSentBefore(http, incident) ? ApiJson.Ok(new IncidentAnswer(incident)) : Resolved(id);
            if (IncidentChange.Acknowledged(incident, By, DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds())) is not { } change)
                return ApiJson.Ok(new IncidentAnswer(incident));
            if (await store.WriteAsync(change, http.RequestAborted))
                return ApiJson.Ok(new IncidentAnswer(change.Next));
        }

        return NotFound(id);
    }

    /// <summary>Whether the request is sent again, and had its effect before the incident ended.</summary>
    private static bool IsSentBefore(HttpContext http, Incident incident) => KeyedRequest.SentBefore(http) is { } sent && incident.AcknowledgedAt >= sent;

    private static IResult Resolved(string id) => new Problem(409, "incident.resolved", "The incident is over", $"Incident '{id}' is resolved: there is nothing to acknowledge.").ToResult();

    private static IResult NotFound(string id) => Problem.NotFound("incident.not_found", $"There is no incident '{id}'.");
}
