using System.Buffers.Binary;
using System.Text;

namespace CronCloud.LoadSink;

/// <summary>
/// Arrivals as bytes, little-endian: how many names there are, the names (each with its length), how many arrivals there are, and for each
/// the arrival time, the due time, which name, attempt and status. A name is written once: a load has many arrivals of few jobs.
/// </summary>
public static class ArrivalDump
{
    private const int ArrivalBytes = 24;

    internal static async Task WriteAsync(Stream stream, ArrivalLog log)
    {
        var (names, pages, count) = log.Read();
        await stream.WriteAsync(Head(names, count));
        var buffer = new byte[ArrivalBytes * 4_096];
        for (var written = 0; written < count;)
        {
            var used = 0;
            for (; used < buffer.Length && written < count; used += ArrivalBytes)
                Put(buffer.AsSpan(used), ArrivalLog.At(pages, written++));
            await stream.WriteAsync(buffer.AsMemory(0, used));
        }
    }

    public static async Task<IReadOnlyList<Arrival>> ReadAsync(Stream stream)
    {
        var names = new string[await ReadInt32Async(stream)];
        for (var i = 0; i < names.Length; i++)
        {
            var name = new byte[await ReadInt32Async(stream)];
            await stream.ReadExactlyAsync(name);
            names[i] = Encoding.UTF8.GetString(name);
        }

        var arrivals = new Arrival[await ReadInt32Async(stream)];
        var buffer = new byte[ArrivalBytes * 4_096];
        for (var read = 0; read < arrivals.Length;)
        {
            var some = buffer.AsMemory(0, Math.Min(buffer.Length, (arrivals.Length - read) * ArrivalBytes));
            await stream.ReadExactlyAsync(some);
            for (var at = 0; at < some.Length; at += ArrivalBytes)
                arrivals[read++] = Take(some.Span[at..], names);
        }

        return arrivals;
    }

    private static byte[] Head(string[] names, int arrivals)
    {
        using var head = new MemoryStream();
        using var writer = new BinaryWriter(head);
        writer.Write(names.Length);
        foreach (var name in names.Select(Encoding.UTF8.GetBytes))
        {
            writer.Write(name.Length);
            writer.Write(name);
        }

        writer.Write(arrivals);
        return head.ToArray();
    }

    private static void Put(Span<byte> bytes, KeptArrival arrival)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, arrival.AtUs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], arrival.DueUs);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], arrival.Name);
        BinaryPrimitives.WriteInt16LittleEndian(bytes[20..], arrival.Attempt);
        BinaryPrimitives.WriteInt16LittleEndian(bytes[22..], arrival.Status);
    }

    private static Arrival Take(ReadOnlySpan<byte> bytes, string[] names) => new(
        BinaryPrimitives.ReadInt64LittleEndian(bytes),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
        names[BinaryPrimitives.ReadInt32LittleEndian(bytes[16..])],
        BinaryPrimitives.ReadInt16LittleEndian(bytes[20..]),
        BinaryPrimitives.ReadInt16LittleEndian(bytes[22..]));

    private static async Task<int> ReadInt32Async(Stream stream)
    {
        var bytes = new byte[4];
        await stream.ReadExactlyAsync(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }
}
