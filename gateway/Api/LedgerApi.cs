using System.Globalization;
using CronCloud.Engine.Ledger;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>The proof that nothing was lost, over HTTP.</summary>
internal static class LedgerApi
{
    public static void MapLedger(this RouteGroupBuilder api) =>
        api.MapGet("/ledger", GetAsync).WithTags("Ledger").WithSummary("What a day's schedules expected, compared with what became of it")
            .WithDescription("Expected is worked out from the revisions of jobs alone, so that a difference of 0 is a proof. ?day=2026-12-01 is a day in UTC, today when left out. Hours up to closedTo are closed; of a tenant with up to 2,000 jobs the time since is told as of now.");

    private static async Task<IResult> GetAsync(HttpContext http, LedgerDays ledger, TimeProvider time)
    {
        var parameters = new ListParameters(http.Request, "day");
        var today = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        var day = parameters.Day("day") ?? today;
        if (day > today)
            parameters.Refuse("day", "lies ahead");
        if (parameters.Refusal is { } refusal)
            return refusal;
        return await ledger.ReadAsync(Tenant.Of(http), day, http.RequestAborted) is { } found
            ? ApiJson.Ok(LedgerAnswer.Of(found))
            : Problem.NotFound("ledger.not_found", string.Create(CultureInfo.InvariantCulture, $"There is no ledger of {day:yyyy-MM-dd}: it is kept for 35 days."));
    }
}
