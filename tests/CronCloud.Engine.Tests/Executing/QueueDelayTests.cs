using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Executing;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Executing;

public sealed class QueueDelayTests
{
    private readonly FakeTimeProvider _time = new(Pipeline.Start);
    private readonly QueueDelay _delay;

    public QueueDelayTests() => _delay = new QueueDelay(new NodeName("node"), _time);

    [Fact]
    public void The_queue_is_long_when_even_what_waited_least_in_a_window_has_waited_long()
    {
        Take(QueueDelay.Long + TimeSpan.FromSeconds(1));
        Take(QueueDelay.Long);
        Assert.False(_delay.IsLong);

        _time.Advance(QueueDelay.Window);

        Assert.True(_delay.IsLong);
    }

    [Fact]
    public void One_that_was_taken_at_once_shows_that_the_queue_is_short()
    {
        Take(QueueDelay.Long + TimeSpan.FromSeconds(1));
        Take(QueueDelay.Long - TimeSpan.FromMilliseconds(1));
        Take(QueueDelay.Long + TimeSpan.FromSeconds(1));
        _time.Advance(QueueDelay.Window);

        Assert.False(_delay.IsLong);
    }

    [Fact]
    public void Where_nothing_is_taken_any_more_the_queue_is_short()
    {
        Take(QueueDelay.Long);
        _time.Advance(QueueDelay.Window);
        Assert.True(_delay.IsLong);

        _time.Advance(QueueDelay.Window);

        Assert.False(_delay.IsLong);
    }

    [Fact]
    public void What_was_taken_before_a_window_in_which_nothing_was_says_nothing()
    {
        Take(QueueDelay.Long);

        _time.Advance(2 * QueueDelay.Window);

        Assert.False(_delay.IsLong);
    }

    [Fact]
    public void What_other_nodes_dispatched_says_nothing_since_their_clocks_may_differ()
    {
        Take(QueueDelay.Long, by: "another");
        Take(QueueDelay.Long, by: null);
        _time.Advance(QueueDelay.Window);

        Assert.False(_delay.IsLong);
    }

    private void Take(TimeSpan waited, string? by = "node") =>
        _delay.Took(new Execution
        {
            Tenant = "t",
            JobId = "job",
            JobVersion = 1,
            ExecutionId = "job@20261201T030000.000Z",
            ScheduledAt = Pipeline.Start,
            Trigger = Trigger.Schedule,
            Attempt = 1,
            Target = new Target { Http = new HttpTarget { Url = "https://a.example/" } },
            Retry = RetryPolicy.Default,
            TraceParent = TraceParent.New(),
            DispatchedAt = _time.GetUtcNow() - waited,
            DispatchedBy = by,
        });
}
