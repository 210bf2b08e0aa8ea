using System.Buffers;
using System.Text.Json;

namespace CronCloud.Backends.Streams;

/// <summary>What JetStream says of a message that was sent to it.</summary>
/// <param name="State">Whether the stream has it.</param>
/// <param name="Sequence">Its number in the stream, where the stream has it.</param>
/// <param name="IsDuplicate">Whether the stream had it before.</param>
internal sealed record Acknowledgement(PublishState State, ulong Sequence, bool IsDuplicate)
{
    /// <summary>No word came in time, or the word that no stream listens.</summary>
    public static readonly Acknowledgement None = new(PublishState.NoStream, 0, false);

    /// <summary>The server said no, the client did not send it, or the connection broke before a word came: it is sent once more.</summary>
    public static readonly Acknowledgement Refused = new(PublishState.Refused, 0, false);

    /// <summary>An empty one is the server's word that nobody listens.</summary>
    public static Acknowledgement Of(ReadOnlySequence<byte> answer)
    {
        if (answer.IsEmpty)
            return None;
        var (sequence, isDuplicate) = (0UL, false);
        try
        {
            var json = new Utf8JsonReader(answer);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("error"u8))
                    return Refused;
                var (isSequence, isDuplicateMark) = (json.ValueTextEquals("seq"u8), json.ValueTextEquals("duplicate"u8));
                json.Read();
                if (isSequence)
                    sequence = json.GetUInt64();
                else if (isDuplicateMark)
                    isDuplicate = json.GetBoolean();
                else
                    json.Skip();
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or FormatException)
        {
            return Refused;
        }

        return sequence > 0 ? new Acknowledgement(PublishState.Stored, sequence, isDuplicate) : Refused;
    }
}

internal enum PublishState
{
    Refused,
    Stored,
    NoStream,
}
