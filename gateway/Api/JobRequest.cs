using System.Text.Json;
using System.Text.Json.Nodes;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>A job as a caller sends it, read and checked.</summary>
internal sealed record JobRequest(string Id, JobDefinition Definition, JobState? State)
{
    /// <summary>What the API writes and does not read: accepted, so that what was read can be sent back.</summary>
    private static readonly string[] ReadOnly = ["version", "createdAt", "updatedAt", "nextDueAt"];

    /// <summary>Reads a body. The id is the address' where there is one; else the body's, else a made-up one.</summary>
    public static (JobRequest? Request, Problem? Refusal) Read(JsonObject body, string tenant, string? addressId, Func<string> newId)
    {
        var faults = new List<Fault>();
        var fields = (JsonObject)body.DeepClone();
        var id = ReadId(fields, addressId, faults) ?? newId();
        var state = ReadState(fields, faults);
        foreach (var name in ReadOnly)
            fields.Remove(name);

        JobDefinition? definition = null;
        try
        {
            definition = fields.Deserialize<JobDefinition>(CoreJson.Strict);
            faults.AddRange(JobRules.Check(definition!, new JobKey(tenant, id)));
        }
        catch (JsonException wrong)
        {
            faults.Add(JsonBody.FaultOf(wrong));
        }

        return faults.Count > 0 ? (null, Problem.OfFaults(faults)) : (new JobRequest(id, definition!, state), null);
    }

    private static string? ReadId(JsonObject fields, string? addressId, List<Fault> faults)
    {
        var id = addressId;
        if (fields.TryGetPropertyValue("id", out var node))
        {
            fields.Remove("id");
            var text = node is JsonValue value && value.TryGetValue<string>(out var read) ? read : null;
            if (text is null)
                faults.Add(new Fault("/id", "must be a string"));
            else if (addressId is not null && text != addressId)
                faults.Add(new Fault("/id", $"must be '{addressId}', as in the address"));
            id ??= text;
        }

        if (id is not null && !JobRules.IsId(id))
            faults.Add(new Fault("/id", "must be 1 to 128 of a-z A-Z 0-9 . _ -"));
        return id;
    }

    private static JobState? ReadState(JsonObject fields, List<Fault> faults)
    {
        if (!fields.TryGetPropertyValue("state", out var node))
            return null;
        fields.Remove("state");
        switch (node?.ToString())
        {
            case "active" or "completed":
                return JobState.Active;
            case "paused":
                return JobState.Paused;
            default:
                faults.Add(new Fault("/state", "must be active or paused"));
                return null;
        }
    }
}
