using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>
/// How many left-overs this node may dispatch now: as many as the queue has room for before what is due now would have to wait behind them.
/// So a catch-up goes as fast as the workers are idle, and hardly faster.
/// </summary>
public sealed class CatchUpBudget(IExecutionQueue queue) : ILoop
{
    /// <summary>Executions that wait in the queue, not taken yet, without anybody being late: the workers take thousands a second.</summary>
    public const int MaxQueued = 500;

    /// <summary>However full the queue is: a catch-up that never moves would end as missed, and its checkpoint stand still.</summary>
    private const int Least = 20;

    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private int _left = MaxQueued;

    public string Name => "catch-up budget";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var queued = (await queue.ReadStateAsync(cancellation)).Waiting;
        Interlocked.Exchange(ref _left, (int)Math.Max(Least, MaxQueued - queued));
        return Interval;
    }

    /// <summary>Takes as many as there are, up to so many.</summary>
    public int Take(int most)
    {
        while (true)
        {
            var left = Volatile.Read(ref _left);
            var taken = Math.Min(most, left);
            if (taken == 0 || Interlocked.CompareExchange(ref _left, left - taken, left) == left)
                return taken;
        }
    }

    public void GiveBack(int unused) => Interlocked.Add(ref _left, unused);
}
