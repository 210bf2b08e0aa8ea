using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CronCloud.Core.Jobs;

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

    /// <summary>For what is kept in memory by the million: of a target only what is not at its default, which every reader puts back.</summary>
    public static readonly JsonSerializerOptions Lean = Create(JsonUnmappedMemberHandling.Skip, LeaveOutDefaults);

    private static readonly HttpTarget DefaultHttp = new() { Url = "" };
    private static readonly NatsTarget DefaultNats = new() { Subject = "" };

    private static void LeaveOutDefaults(JsonTypeInfo type)
    {
        object? defaults = type.Type == typeof(HttpTarget) ? DefaultHttp : type.Type == typeof(NatsTarget) ? DefaultNats : null;
        if (defaults is null)
            return;
        foreach (var property in type.Properties.Where(property => property.Get is not null))
            property.ShouldSerialize = (_, value) => value is IReadOnlyDictionary<string, string> headers ? headers.Count > 0 : !Equals(value, property.Get!(defaults));
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
