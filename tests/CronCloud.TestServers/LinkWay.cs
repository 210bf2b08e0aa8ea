using System.Net.Sockets;
using System.Threading.Channels;

namespace CronCloud.TestServers;

/// <summary>One way of a link: it passes on what comes in order, after a delay, or keeps it until it is opened again, as a network that drops packets.</summary>
public sealed class LinkWay
{
    private const int ChunkSize = 64 << 10;

    /// <summary>On their way at once: more, and the sender must wait, as on a wire.</summary>
    private const int MaxChunks = 64;

    private volatile TaskCompletionSource _open = Opened();

    /// <summary>How long each byte takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Nothing passes any more, and nobody is told.</summary>
    public void Close()
    {
        if (_open.Task.IsCompleted)
            _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Open() => _open.TrySetResult();

    /// <summary>Until the one that sends ends, or either connection breaks, which breaks all of it.</summary>
    internal async Task PumpAsync(Socket from, Socket to, CancellationTokenSource broken)
    {
        var underway = Channel.CreateBounded<(byte[] Bytes, DateTimeOffset Arrives)>(MaxChunks);
        await Task.WhenAll(BreakingAsync(ReceiveAsync(from, underway.Writer, broken.Token), broken), BreakingAsync(SendAsync(underway.Reader, to, broken.Token), broken));
    }

    private static async Task BreakingAsync(Task half, CancellationTokenSource broken)
    {
        try
        {
            await half;
        }
        catch (SocketException)
        {
            await broken.CancelAsync();
            throw;
        }
    }

    private async Task ReceiveAsync(Socket from, ChannelWriter<(byte[] Bytes, DateTimeOffset Arrives)> underway, CancellationToken broken)
    {
        var buffer = new byte[ChunkSize];
        while (await from.ReceiveAsync(buffer, broken) is var length && length > 0)
            await underway.WriteAsync((buffer[..length], TimeProvider.System.GetUtcNow() + Delay), broken);
        underway.Complete();
    }

    private async Task SendAsync(ChannelReader<(byte[] Bytes, DateTimeOffset Arrives)> underway, Socket to, CancellationToken broken)
    {
        await foreach (var (bytes, arrives) in underway.ReadAllAsync(broken))
        {
            if (arrives - TimeProvider.System.GetUtcNow() is var rest && rest > TimeSpan.Zero)
                await Task.Delay(rest, TimeProvider.System, broken);
            await _open.Task.WaitAsync(broken);
            for (var sent = 0; sent < bytes.Length;)
                sent += await to.SendAsync(bytes.AsMemory(sent), broken);
        }

        await _open.Task.WaitAsync(broken);
        to.Shutdown(SocketShutdown.Send);
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
