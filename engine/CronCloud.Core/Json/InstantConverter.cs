using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CronCloud.Core.Json;

/// <summary>Instants as RFC 3339: read with any offset, written in UTC, with a fraction only where there is one.</summary>
public sealed class InstantConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && (TryReadOwn(ref reader, out var value) || Instants.TryParse(reader.GetString()!, out value)))
            return value;
        throw new JsonException("must be an instant with an offset, such as \"2026-12-01T03:00:00Z\"");
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[Instants.MaxLength];
        writer.WriteStringValue(text[..Instants.Format(value, text)]);
    }

    /// <summary>As <see cref="Write"/> writes them: what the reader itself takes of that form, exactly, and far sooner than text of any form. Messages hold many.</summary>
    private static bool TryReadOwn(ref Utf8JsonReader reader, out DateTimeOffset value)
    {
        value = default;
        if (reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length is not (Instants.WholeLength or Instants.FractionLength) || reader.ValueSpan[^1] != (byte)'Z')
            return false;
        return reader.TryGetDateTimeOffset(out value);
    }
}

/// <summary>Instants as text.</summary>
public static class Instants
{
    /// <summary>Of an instant without and with a fraction, as <see cref="Format(DateTimeOffset)"/> writes it.</summary>
    internal const int WholeLength = 20;
    internal const int FractionLength = 24;

    /// <summary>What <see cref="Format(DateTimeOffset, Span{byte})"/> needs room for.</summary>
    internal const int MaxLength = 28;

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
        Span<byte> text = stackalloc byte[MaxLength];
        return Encoding.ASCII.GetString(text[..Format(value, text)]);
    }

    /// <summary>The same as UTF-8, and how many bytes it has: the round-trip form, with a fraction to the millisecond or none.</summary>
    internal static int Format(DateTimeOffset value, Span<byte> text)
    {
        const int seconds = WholeLength - 1;
        const int milliseconds = FractionLength - 1;
        value.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        var length = value.Millisecond == 0 ? seconds : milliseconds;
        text[length] = (byte)'Z';
        return length + 1;
    }
}
