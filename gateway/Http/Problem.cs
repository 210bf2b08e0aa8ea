using System.Diagnostics;
using CronCloud.Core.Jobs;

namespace CronCloud.Gateway.Http;

/// <summary>An error as RFC 9457 has it. The code is stable: clients may decide by it.</summary>
internal sealed record Problem(int Status, string Code, string Title, string Detail)
{
    /// <summary>JSON pointer to messages.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    public int? RetryAfterSeconds { get; init; }

    /// <summary>How many executions the request has made all the same.</summary>
    public int? Executions { get; init; }

    public static IResult Invalid(IReadOnlyList<Fault> faults) => OfFaults(faults).ToResult();

    public static Problem OfFaults(IReadOnlyList<Fault> faults)
    {
        var isSchedule = faults.All(f => f.Pointer == "/schedule" || f.Pointer.StartsWith("/schedule/", StringComparison.Ordinal));
        return new Problem(400, isSchedule ? "schedule.invalid" : "request.invalid", isSchedule ? "The schedule is not valid" : "The request is not valid", string.Join("; ", faults.Take(5).Select(Say)))
        {
            Errors = faults.GroupBy(f => f.Pointer).ToDictionary(g => g.Key, g => g.Select(f => f.Message).Distinct().ToArray()),
        };
    }

    public static IResult Invalid(string pointer, string message) => Invalid([new Fault(pointer, message)]);

    public static IResult NotFound(string code, string detail) => OfMissing(code, detail).ToResult();

    public static Problem OfMissing(string code, string detail) => new(404, code, "Not found", detail);

    /// <summary>For answers that have a status and no body: those of routing.</summary>
    public static Problem OfStatus(int status) => status switch
    {
        404 => new(404, "route.not_found", "Not found", "There is no such address; /openapi/v1.json lists all."),
        415 => new(415, "request.media_type", "The request is of another media type", "The address does not take this Content-Type; /openapi/v1.json says which it takes."),
        405 => new(405, "route.method_not_allowed", "Not allowed", "The address does not take this method; Allow lists those that it takes."),
        _ => new(status, "request.refused", "The request was refused", $"The answer is status {status}."),
    };

    public static IResult JobNotFound(string id) => NotFound("job.not_found", $"There is no job '{id}'.");

    public static Problem Unavailable(string detail) => new(503, "unavailable", "A part that CronCloud stands on is away", detail) { RetryAfterSeconds = 1 };

    public IResult ToResult() => new ProblemResult(this);

    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        if (RetryAfterSeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var body = new
        {
            type = $"https://croncloud.dev/problems/{Code}",
            title = Title,
            status = Status,
            detail = Detail,
            code = Code,
            traceId = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier,
            errors = Errors,
            executions = Executions,
        };
        await context.Response.WriteAsJsonAsync(body, ApiJson.Options, "application/problem+json", context.RequestAborted);
    }

    private static string Say(Fault fault) => fault.Pointer.Length == 0 ? fault.Message : $"{fault.Pointer} {fault.Message}";

    private sealed class ProblemResult(Problem problem) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => problem.WriteAsync(httpContext);
    }
}
