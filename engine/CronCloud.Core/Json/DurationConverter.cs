using System.Text.Json;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Json;

/// <summary>Durations as people write them: <c>45s</c>, <c>1h30m</c>; ISO 8601 is read too.</summary>
public sealed class DurationConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && Durations.TryParse(reader.GetString()!, out var value))
            return value;
        throw new JsonException("must be a duration such as \"45s\", \"15m\", \"1h30m\", \"2d\" or \"PT15M\"");
    }

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Durations.Format(value));
}
