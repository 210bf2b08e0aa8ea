using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Core.Tests;

public class WaitingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Work_that_ends_in_time_has_ended_however_it_went()
    {
        var work = new TaskCompletionSource();
        var ends = work.Task.EndsWithinAsync(Patience, _time, CancellationToken.None);

        work.SetException(new IOException("torn"));

        Assert.True(await ends);
        Assert.True(await Task.CompletedTask.EndsWithinAsync(Patience, _time, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Work_that_takes_longer_is_not_waited_for()
    {
        var ends = new TaskCompletionSource().Task.EndsWithinAsync(Patience, _time, CancellationToken.None);

        _time.Advance(Patience);

        Assert.False(await ends);
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_is_over_on_the_thread_that_cancels()
    {
        using var cancellation = new CancellationTokenSource();
        var ended = 0;
        var ends = new TaskCompletionSource().Task.EndsWithinAsync(Patience, _time, cancellation.Token)
            .ContinueWith(wait => (wait.Result, ended = Environment.CurrentManagedThreadId), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        cancellation.Cancel();

        Assert.Equal(Environment.CurrentManagedThreadId, ended);
        Assert.False((await ends).Result);
    }
}
