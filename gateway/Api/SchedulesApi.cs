using System.Text.Json;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Schedules;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>What a schedule means, before a job has it.</summary>
internal static class SchedulesApi
{
    private const int DefaultCount = 5;

    public static void MapSchedules(this RouteGroupBuilder api) =>
        api.MapPost("/schedules/preview", PreviewAsync).WithTags("Schedules").WithSummary("The next due times of a schedule, and what it means in plain English");

    private static async Task<IResult> PreviewAsync(HttpContext http, TimeProvider time)
    {
        var (body, broken) = await JsonBody.ReadAsync(http.Request);
        if (broken is not null)
            return broken;
        PreviewRequest request;
        try
        {
            request = body.Deserialize<PreviewRequest>(CoreJson.Strict)!;
        }
        catch (JsonException wrong)
        {
            return Problem.Invalid([JsonBody.FaultOf(wrong)]);
        }

        if (request.Count is < 1 or > ListParameters.MaxLimit)
            return Problem.Invalid("/count", $"must be 1 to {ListParameters.MaxLimit}");
        if (request.JobId is { } id && !JobRules.IsId(id))
            return Problem.Invalid("/jobId", "must be 1 to 128 of a-z A-Z 0-9 . _ -");
        var seed = new JobKey(Tenant.Of(http), request.JobId ?? "preview").ToString();
        if (Schedule.Parse(request.Schedule, seed, out var errors) is not { } schedule)
            return Problem.Invalid([.. errors.Select(e => new Fault("/schedule" + e.Field, e.Message))]);
        return ApiJson.Ok(new { occurrences = schedule.Upcoming(request.From ?? time.GetUtcNow(), request.Count ?? DefaultCount).ToList(), description = schedule.Describe() });
    }
}

/// <summary>The job id, if there is one yet, decides what H, jitter and the phase of an interval come to.</summary>
internal sealed record PreviewRequest
{
    public required ScheduleSpec Schedule { get; init; }

    public DateTimeOffset? From { get; init; }

    public int? Count { get; init; }

    public string? JobId { get; init; }
}
