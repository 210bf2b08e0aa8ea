using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Json;

/// <summary>
/// The one JSON form of the domain's records: in the API, in SQL, in the due index and on the streams. By reflection, not by source
/// generation: generated readers set init-only members that were left out to null, not to their defaults.
/// </summary>
public static class CoreJson
{
    /// <summary>For what we wrote ourselves: fields of a newer version are passed over, so that two versions run side by side during a deployment.</summary>
    public static readonly JsonSerializerOptions Options = Create(JsonUnmappedMemberHandling.Skip);

    /// <summary>For what users send: an unknown field is an error.</summary>
    public static readonly JsonSerializerOptions Strict = Create(JsonUnmappedMemberHandling.Disallow);

    /// <summary>For what is kept in memory and sent by the million: only what is not at its default, which every reader puts back.</summary>
    public static readonly JsonSerializerOptions Lean = Create(JsonUnmappedMemberHandling.Skip, LeaveOutDefaults);

    /// <summary>What is at its default when it is like here. Members that are required have no default.</summary>
    private static readonly object[] Defaults =
    [
        new HttpTarget { Url = "" },
        new NatsTarget { Subject = "" },
        RetryPolicy.Default,
        new Execution { Tenant = "", JobId = "", JobVersion = 0, ExecutionId = "", ScheduledAt = default, Trigger = default, Attempt = 0, Target = new Target(), Retry = RetryPolicy.Default, TraceParent = "" },
        new Outcome { Execution = null!, Result = default, StartedAt = default, DurationMs = 0, Node = "" },
    ];

    private static void LeaveOutDefaults(JsonTypeInfo type)
    {
        if (Array.Find(Defaults, one => one.GetType() == type.Type) is not { } defaults)
            return;
        foreach (var property in type.Properties.Where(property => property is { Get: not null, IsRequired: false }))
        {
            var unset = property.Get!(defaults);
            property.ShouldSerialize = (_, value) => value is IReadOnlyDictionary<string, string> headers ? headers.Count > 0 : !Equals(value, unset);
        }
    }

    private static JsonSerializerOptions Create(JsonUnmappedMemberHandling unknownFields, Action<JsonTypeInfo>? change = null)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            UnmappedMemberHandling = unknownFields,
            RespectNullableAnnotations = true,
            MaxDepth = 48,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters = { new DurationConverter(), new InstantConverter() },
        };
        if (change is not null)
            options.TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { change } };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
