using System.Globalization;
using System.Text.Json;

namespace CronCloud.Core.Json;

/// <summary>Instants as RFC 3339: read with any offset, written in UTC, with a fraction only where there is one.</summary>
public sealed class InstantConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && Instants.TryParse(reader.GetString()!, out var value))
            return value;
        throw new JsonException("must be an instant with an offset, such as \"2026-12-01T03:00:00Z\"");
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Instants.Format(value));
}

/// <summary>Instants as text.</summary>
public static class Instants
{
    private const string Whole = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Fraction = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private static readonly string[] Accepted =
        ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];

    /// <summary>An instant to the millisecond: what is finer is cut off. Without an offset it is refused.</summary>
    public static bool TryParse(string text, out DateTimeOffset value)
    {
        value = default;
        var offset = text.LastIndexOfAny(['Z', 'z', '+', '-']);
        if (offset <= "yyyy-MM-dd".Length
            || !DateTimeOffset.TryParseExact(text.ToUpperInvariant(), Accepted, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var read))
        {
            return false;
        }

        value = DateTimeOffset.FromUnixTimeMilliseconds(read.ToUnixTimeMilliseconds());
        return true;
    }

    public static string Format(DateTimeOffset value)
    {
        var utc = value.ToUniversalTime();
        return utc.ToString(utc.Millisecond == 0 ? Whole : Fraction, CultureInfo.InvariantCulture);
    }
}
