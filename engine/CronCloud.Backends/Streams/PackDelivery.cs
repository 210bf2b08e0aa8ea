using CronCloud.Core.Streams;

namespace CronCloud.Backends.Streams;

/// <summary>
/// One outcome of a message with several. The message is acknowledged when all of them are; when one is given back, the message is, once all have been decided on: what of it was done comes again,
/// and settling, recording and reading it again change nothing.
/// </summary>
internal sealed class PackDelivery(PackDelivery.Shared message, ReadOnlyMemory<byte> body) : Delivery
{
    public override ReadOnlyMemory<byte> Body => body;

    public override int Count => message.Count;

    public override ValueTask AcknowledgeAsync(CancellationToken cancellation) => message.DecideAsync(null, cancellation);

    public override ValueTask ExtendAsync(CancellationToken cancellation) => message.ExtendAsync(cancellation);

    public override ValueTask ReturnAsync(TimeSpan pause, CancellationToken cancellation) => message.DecideAsync(pause, cancellation);

    /// <summary>The message that they came in.</summary>
    internal sealed class Shared(Delivery message, int outcomes, TimeProvider time)
    {
        private readonly Lock _lock = new();
        private int _undecided = outcomes;
        private TimeSpan? _pause;
        private long _extendedAt = time.GetTimestamp();

        public int Count => message.Count;

        /// <param name="pause">For how long an outcome is given back; null when it is done.</param>
        /// <param name="cancellation">Ends it.</param>
        public ValueTask DecideAsync(TimeSpan? pause, CancellationToken cancellation)
        {
            TimeSpan? longest;
            lock (_lock)
            {
                if (pause is { } asked && !(_pause >= asked))
                    _pause = asked;
                if (--_undecided != 0)
                    return ValueTask.CompletedTask;
                longest = _pause;
            }

            return longest is { } back ? message.ReturnAsync(back, cancellation) : message.AcknowledgeAsync(cancellation);
        }

        /// <summary>All of them ask at each heartbeat: the server is told once.</summary>
        public ValueTask ExtendAsync(CancellationToken cancellation)
        {
            lock (_lock)
            {
                if (_undecided <= 0 || time.GetElapsedTime(_extendedAt) < Deliveries.Heartbeat / 2)
                    return ValueTask.CompletedTask;
                _extendedAt = time.GetTimestamp();
            }

            return message.ExtendAsync(cancellation);
        }
    }
}
