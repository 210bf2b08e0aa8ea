using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace CronCloud.Sink;

/// <summary>
/// The ledger: a file that grows by one JSON line per event. Lines that come together are synced together, and whoever waits for a line
/// waits until it is on the disk.
/// </summary>
internal sealed class LedgerFile : IAsyncDisposable
{
    private readonly Channel<Line> _lines = Channel.CreateUnbounded<Line>(new UnboundedChannelOptions { SingleReader = true });
    private readonly FileStream _file;
    private readonly Task _writing;

    public LedgerFile(string path)
    {
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Returns when the line is on the disk.</summary>
    public Task AppendAsync<T>(T line)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _lines.Writer.TryWrite(new Line(JsonSerializer.Serialize(line, JsonSerializerOptions.Web) + "\n", written));
        return written.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.Complete();
        await _writing;
        await _file.DisposeAsync();
    }

    private async Task WriteAsync()
    {
        var waiting = new List<TaskCompletionSource>();
        while (await _lines.Reader.WaitToReadAsync())
        {
            while (_lines.Reader.TryRead(out var line))
            {
                _file.Write(Encoding.UTF8.GetBytes(line.Text));
                waiting.Add(line.Written);
            }

            _file.Flush(flushToDisk: true);
            waiting.ForEach(w => w.SetResult());
            waiting.Clear();
        }
    }

    private sealed record Line(string Text, TaskCompletionSource Written);
}
