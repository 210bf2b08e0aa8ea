using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>
/// What this process published to a stream of late. A server that was emptied, or lost a part of what it had, has lost what its readers had not read: it is published once more, and whoever has read it drops
/// it by its key.
/// </summary>
internal sealed class RecentMessages(TimeProvider time)
{
    /// <summary>Longer than a reader that is well is behind.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(60);

    private const long MaxBytes = 64 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<(StreamMessage Message, long At)> _messages = [];
    private long _bytes;

    public void Add(IEnumerable<StreamMessage> messages)
    {
        lock (_lock)
        {
            foreach (var message in messages)
            {
                _messages.Enqueue((message, time.GetTimestamp()));
                _bytes += message.Body.Length;
            }

            while (_messages.TryPeek(out var oldest) && (_bytes > MaxBytes || time.GetElapsedTime(oldest.At) > Life))
                _bytes -= _messages.Dequeue().Message.Body.Length;
        }
    }

    public IReadOnlyList<StreamMessage> All
    {
        get
        {
            lock (_lock)
                return [.. _messages.Select(m => m.Message)];
        }
    }
}
