using System.Text;
using System.Text.Json;
using CronCloud.Core.Executions;
using CronCloud.Core.Json;

namespace CronCloud.Engine.Executing;

/// <summary>What is sent to a target: its job's body, or the execution's ids and times.</summary>
internal static class AttemptPayload
{
    /// <summary>A string is sent as it is, anything else as JSON.</summary>
    public static (byte[] Bytes, string ContentType) Of(Execution execution, JsonElement? body) => body switch
    {
        null => (Default(execution), "application/json"),
        { ValueKind: JsonValueKind.String } text => (Encoding.UTF8.GetBytes(text.GetString()!), "text/plain; charset=utf-8"),
        { } json => (Encoding.UTF8.GetBytes(json.GetRawText()), "application/json"),
    };

    /// <summary>The headers by which a receiver tells executions and attempts apart. The trace context is the attempt's own by now.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Headers(Execution execution) =>
    [
        new("Idempotency-Key", execution.ExecutionId),
        new("CronCloud-Job", execution.JobId),
        new("CronCloud-Execution", execution.ExecutionId),
        new("CronCloud-Attempt", execution.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        new("CronCloud-Scheduled-At", Instants.Format(execution.ScheduledAt)),
        new("traceparent", execution.TraceParent),
    ];

    private static byte[] Default(Execution execution)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jobId", execution.JobId);
            json.WriteString("executionId", execution.ExecutionId);
            json.WriteString("scheduledAt", Instants.Format(execution.ScheduledAt));
            json.WriteNumber("attempt", execution.Number);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
