using System.Text.Json;

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

    private static JsonSerializerOptions Create(JsonUnmappedMemberHandling unknownFields)
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
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
