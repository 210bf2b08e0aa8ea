using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace CronCloud.Gateway.Http;

/// <summary>
/// A body's lines, some at a time: as many as there are at the moment, so that a slow sender is answered line by line and a fast one in batches. Lines end
/// with a line feed; empty ones count and are passed over. Of one that is too long nothing is kept.
/// </summary>
internal sealed class LineReader(PipeReader body, TimeProvider time)
{
    /// <summary>What any other body may have.</summary>
    public const int MaxLineBytes = 1024 * 1024;

    private const int MaxLines = 4_000;
    private const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>How long a batch waits for more: a fast sender's next lines are on their way.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);

    private LineBatch _batch = new();
    private int _number = 1;
    private bool _isPassingOver;

    public async IAsyncEnumerable<LineBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var reading = body.ReadAsync(cancellation).AsTask();
            if (!_batch.IsEmpty && !reading.IsCompleted && await IsLongerThanLingerAsync(reading))
                yield return Take();

            var read = await reading;
            var rest = read.Buffer;
            while (TryTakeLine(ref rest))
            {
                if (IsFull)
                    yield return Take();
            }

            if (read.IsCompleted)
            {
                Add(rest);
                body.AdvanceTo(read.Buffer.End); // a body that is not read to its end costs its caller the connection
                if (!_batch.IsEmpty)
                    yield return Take();
                yield break;
            }

            PassOver(ref rest);
            body.AdvanceTo(rest.Start, rest.End);
        }
    }

    private bool IsFull => _batch.Lines.Count >= MaxLines || _batch.Bytes >= MaxBytes;

    private async Task<bool> IsLongerThanLingerAsync(Task reading) => await Task.WhenAny(reading, Task.Delay(Linger, time)) != reading;

    private LineBatch Take()
    {
        var batch = _batch;
        _batch = new LineBatch();
        return batch;
    }

    private bool TryTakeLine(ref ReadOnlySequence<byte> rest)
    {
        if (rest.PositionOf((byte)'\n') is not { } end)
            return false;
        Add(rest.Slice(0, end));
        rest = rest.Slice(rest.GetPosition(1, end));
        return true;
    }

    private void Add(ReadOnlySequence<byte> line)
    {
        if (_isPassingOver)
            _isPassingOver = false;
        else if (line.Length > MaxLineBytes)
            _batch.AddTooLong(_number);
        else
            _batch.Add(_number, line);
        _number++;
    }

    /// <summary>The beginning of a line that is too long already is forgotten, and so is the rest of it as it comes.</summary>
    private void PassOver(ref ReadOnlySequence<byte> rest)
    {
        if (!_isPassingOver && rest.Length <= MaxLineBytes)
            return;
        if (!_isPassingOver)
            _batch.AddTooLong(_number);
        _isPassingOver = true;
        rest = rest.Slice(rest.End);
    }
}
