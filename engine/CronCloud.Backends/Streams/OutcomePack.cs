using System.Security.Cryptography;
using System.Text;
using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>
/// Several outcomes in one message of JetStream, a line each. A message costs the server, its publisher and its three readers about as much with one outcome as with a hundred. One
/// outcome alone is a message as it is.
/// </summary>
internal static class OutcomePack
{
    /// <summary>Outcomes per message.</summary>
    public const int MaxCount = 100;

    /// <summary>Well below the 1 MB that NATS takes by default.</summary>
    private const int MaxBytes = 256 * 1024;

    /// <summary>How the id of such a message begins. That of an outcome begins with its tenant and a slash.</summary>
    private const string IdPrefix = "pack:";

    /// <summary>The messages to send, in the order of the outcomes.</summary>
    public static IReadOnlyList<ArraySegment<StreamMessage>> Split(StreamMessage[] outcomes)
    {
        var packs = new List<ArraySegment<StreamMessage>>();
        var (start, bytes) = (0, 0);
        for (var i = 0; i < outcomes.Length; i++)
        {
            var length = outcomes[i].Body.Length + 1;
            if (i > start && (i - start == MaxCount || bytes + length > MaxBytes || HasLines(outcomes[i]) || HasLines(outcomes[start])))
            {
                packs.Add(new ArraySegment<StreamMessage>(outcomes, start, i - start));
                (start, bytes) = (i, 0);
            }

            bytes += length;
        }

        if (outcomes.Length > start)
            packs.Add(new ArraySegment<StreamMessage>(outcomes, start, outcomes.Length - start));
        return packs;
    }

    /// <summary>The same outcomes make the same id, so that the stream drops them when they are sent once more.</summary>
    public static StreamMessage Of(ArraySegment<StreamMessage> outcomes)
    {
        if (outcomes.Count == 1)
            return outcomes[0];
        var body = new byte[outcomes.Sum(outcome => outcome.Body.Length + 1) - 1];
        var at = 0;
        foreach (var outcome in outcomes)
        {
            if (at > 0)
                body[at++] = (byte)'\n';
            outcome.Body.CopyTo(body.AsMemory(at));
            at += outcome.Body.Length;
        }

        var ids = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', outcomes.Select(outcome => outcome.Id))));
        return new StreamMessage(IdPrefix + Convert.ToHexStringLower(ids.AsSpan(0, 16)), outcomes[0].Partition, body);
    }

    /// <summary>What a message of the stream holds.</summary>
    public static IReadOnlyList<Delivery> Open(JetStreamDelivery message, TimeProvider time)
    {
        if (message.Id?.StartsWith(IdPrefix, StringComparison.Ordinal) != true)
            return [message];
        var lines = new List<ReadOnlyMemory<byte>>();
        var rest = message.Body;
        for (var end = rest.Span.IndexOf((byte)'\n'); end >= 0; end = rest.Span.IndexOf((byte)'\n'))
        {
            lines.Add(rest[..end]);
            rest = rest[(end + 1)..];
        }

        lines.Add(rest);
        var shared = new PackDelivery.Shared(message, lines.Count, time);
        return lines.ConvertAll(line => new PackDelivery(shared, line));
    }

    private static bool HasLines(StreamMessage outcome) => outcome.Body.Span.Contains((byte)'\n');
}
