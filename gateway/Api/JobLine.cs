using System.Text.Json;
using System.Text.Json.Nodes;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Schedules;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>
/// A line of an import, read in one go. It takes what <see cref="JobRequest"/> takes; a line that it does not take is read by that, which says why, so that an error
/// of a line is the one that a single job would get.
/// </summary>
internal sealed record JobLine
{
    private static readonly JsonSerializerOptions Options = new(CoreJson.Strict) { AllowDuplicateProperties = false, MaxDepth = JsonBody.MaxDepth };

    public string Id { get; init; } = "";

    public string? Description { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public required ScheduleSpec Schedule { get; init; }

    public required Target Target { get; init; }

    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    public CatchUp CatchUp { get; init; } = CatchUp.Default;

    public Overlap Overlap { get; init; }

    public AlertPolicy Alerts { get; init; } = AlertPolicy.Default;

    public string State { get; init; } = "";

    // What is read only: taken, so that what was read can be sent back.
    public JsonElement Version { get; init; }

    public JsonElement CreatedAt { get; init; }

    public JsonElement UpdatedAt { get; init; }

    public JsonElement NextDueAt { get; init; }

    /// <summary>The job as it is asked for, or why not, and then its id where it has one.</summary>
    public static (JobRequest? Request, string? Id, Problem? Problem) Read(ReadOnlySpan<byte> text, string tenant, Func<string> newId)
    {
        if (TryRead(text, tenant) is { } request)
            return (request, request.Id, null);
        var (body, broken) = JsonBody.Parse(text, "the line");
        if (broken is not null)
            return (null, null, broken);
        var (slowly, refusal) = JobRequest.Read(body!, tenant, addressId: null, newId);
        return (slowly, slowly?.Id ?? IdOf(body!), refusal);
    }

    /// <summary>Null when it has no id, or any fault.</summary>
    private static JobRequest? TryRead(ReadOnlySpan<byte> text, string tenant)
    {
        if (!JsonBody.IsUnicode(text))
            return null;
        try
        {
            var line = JsonSerializer.Deserialize<JobLine>(text, Options);
            if (line is null || !JobRules.IsId(line.Id) || line.State is not ("" or "active" or "completed" or "paused"))
                return null;
            var definition = line.Definition();
            return JobRules.Check(definition, new JobKey(tenant, line.Id)).Count > 0 ? null : new JobRequest(line.Id, definition, line.State switch { "" => null, "paused" => JobState.Paused, _ => JobState.Active });
        }
        catch (JsonException)
        {
            return null; // JobRequest says what is wrong
        }
    }

    private static string? IdOf(JsonObject body) => body["id"] is JsonValue value && value.TryGetValue<string>(out var id) ? id : null;

    private JobDefinition Definition() => new()
    {
        Description = Description,
        Tags = Tags,
        Schedule = Schedule,
        Target = Target,
        Retry = Retry,
        CatchUp = CatchUp,
        Overlap = Overlap,
        Alerts = Alerts,
    };
}
