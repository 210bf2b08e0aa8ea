using System.Buffers;

namespace CronCloud.Gateway.Http;

/// <summary>Lines that were read together. Their bytes are good until it is disposed.</summary>
internal sealed class LineBatch : IDisposable
{
    private const int FirstSize = 64 * 1024;
    private static readonly SearchValues<byte> Blank = SearchValues.Create(" \t\r"u8);

    private readonly List<Line> _lines = [];
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstSize);

    public IReadOnlyList<Line> Lines => _lines;

    public int Bytes { get; private set; }

    public bool IsEmpty => _lines.Count == 0;

    public ReadOnlySpan<byte> TextOf(Line line) => _bytes.AsSpan(line.Start, line.Length);

    public void Add(int number, ReadOnlySequence<byte> text)
    {
        var length = (int)text.Length;
        MakeRoom(length);
        text.CopyTo(_bytes.AsSpan(Bytes));
        if (_bytes.AsSpan(Bytes, length).IndexOfAnyExcept(Blank) < 0)
            return;
        _lines.Add(new Line(number, Bytes, length, IsTooLong: false));
        Bytes += length;
    }

    public void AddTooLong(int number) => _lines.Add(new Line(number, 0, 0, IsTooLong: true));

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private void MakeRoom(int length)
    {
        if (Bytes + length <= _bytes.Length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Bytes + length, 2 * _bytes.Length));
        _bytes.AsSpan(0, Bytes).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }

    /// <param name="Number">From 1, as an editor shows it.</param>
    /// <param name="Start">Where it is in the batch.</param>
    /// <param name="Length">In bytes.</param>
    /// <param name="IsTooLong">Nothing of it was kept.</param>
    internal readonly record struct Line(int Number, int Start, int Length, bool IsTooLong);
}
