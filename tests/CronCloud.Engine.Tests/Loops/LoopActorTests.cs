using Akka.Actor;
using Akka.TestKit.Xunit2;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Loops;

public sealed class LoopActorTests : TestKit
{
    [Fact]
    public async Task A_run_that_takes_too_long_is_cancelled_and_the_loop_goes_on()
    {
        var loop = new HangingLoop(heedsCancellation: true);

        Sys.ActorOf(LoopActor.Props(loop, NullLoggerFactory.Instance));

        await loop.RanAgain.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_run_that_does_not_heed_its_cancellation_is_left_behind()
    {
        var loop = new HangingLoop(heedsCancellation: false);

        Sys.ActorOf(LoopActor.Props(loop, NullLoggerFactory.Instance));

        await loop.RanAgain.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>Its first run never ends by itself.</summary>
    private sealed class HangingLoop(bool heedsCancellation) : ILoop
    {
        private readonly TaskCompletionSource _ranAgain = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<TimeSpan> _never = new();
        private int _runs;

        public string Name => "hanging";

        public TimeSpan Limit => TimeSpan.FromMilliseconds(200);

        public Task RanAgain => _ranAgain.Task;

        public Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
        {
            if (Interlocked.Increment(ref _runs) == 1)
                return heedsCancellation ? _never.Task.WaitAsync(cancellation) : _never.Task;
            _ranAgain.TrySetResult();
            return Task.FromResult(TimeSpan.FromHours(1));
        }
    }
}
