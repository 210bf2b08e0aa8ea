using System.Buffers.Binary;
using System.Text;

namespace CronCloud.Observability.Tests;

/// <summary>As much of a span as the tests look at, read from OTLP's protobuf.</summary>
internal sealed record OtlpSpan(string Name, string TraceId, string SpanId, string ParentId, DateTimeOffset Start, DateTimeOffset End)
{
    /// <summary>The spans of an ExportTraceServiceRequest: field 1 resource spans, 2 scope spans, 2 spans.</summary>
    public static IEnumerable<OtlpSpan> Read(byte[] request) =>
        Fields(request).Where(f => f.Number == 1).SelectMany(resource => Fields(resource.Bytes).Where(f => f.Number == 2)).SelectMany(scope => Fields(scope.Bytes).Where(f => f.Number == 2)).Select(span => Of(Fields(span.Bytes)));

    private static OtlpSpan Of(List<Field> span)
    {
        byte[] Bytes(int number) => span.Find(f => f.Number == number)?.Bytes ?? [];
        DateTimeOffset Instant(int number) => DateTimeOffset.UnixEpoch.AddTicks((long)(BinaryPrimitives.ReadUInt64LittleEndian(Bytes(number)) / 100));
        return new OtlpSpan(Encoding.UTF8.GetString(Bytes(5)), Convert.ToHexStringLower(Bytes(1)), Convert.ToHexStringLower(Bytes(2)), Convert.ToHexStringLower(Bytes(4)), Instant(7), Instant(8));
    }

    private static List<Field> Fields(byte[] message)
    {
        var fields = new List<Field>();
        for (var at = 0; at < message.Length;)
        {
            var key = Number(message, ref at);
            var length = (key & 7) switch
            {
                0 => 0,
                1 => 8,
                2 => (int)Number(message, ref at),
                5 => 4,
                var type => throw new FormatException($"There is no wire type {type}."),
            };
            if ((key & 7) == 0)
                Number(message, ref at);
            fields.Add(new Field((int)(key >> 3), message[at..(at + length)]));
            at += length;
        }

        return fields;
    }

    private static ulong Number(byte[] message, ref int at)
    {
        ulong number = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            number |= (ulong)(next & 127) << shift;
            if (next < 128)
                return number;
        }
    }

    /// <summary>A number's value is left out.</summary>
    private sealed record Field(int Number, byte[] Bytes);
}
