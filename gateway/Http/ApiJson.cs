using System.Text.Json;
using System.Text.Json.Serialization;
using CronCloud.Core.Json;

namespace CronCloud.Gateway.Http;

/// <summary>How the API writes JSON: camelCase, what is null left out unless an answer says otherwise.</summary>
internal static class ApiJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new DurationConverter(), new InstantConverter() },
    };

    public static IResult Ok(object answer, int status = 200) => Results.Json(answer, Options, "application/json; charset=utf-8", status);
}
