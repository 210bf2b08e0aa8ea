using System.Text;
using CronCloud.Core.Streams;

namespace CronCloud.Backends.Tests.Streams;

/// <summary>What every execution queue must do.</summary>
public abstract class ExecutionQueueContract
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IExecutionQueue> OpenAsync();

    /// <summary>Opens the same queue once more, as a process that was started again.</summary>
    protected abstract Task<IExecutionQueue> ReopenAsync();

    /// <summary>Lets the queue's time to acknowledge pass.</summary>
    protected abstract Task PassAckWaitAsync();

    [Fact]
    public async Task What_was_published_is_delivered_once_and_in_order()
    {
        var queue = await OpenAsync();
        Assert.Equal([true, true, true], await queue.PublishAsync([Message("a"), Message("b"), Message("c")], None));

        var deliveries = await PullAsync(queue, 3);

        Assert.Equal(["body a", "body b", "body c"], deliveries.Select(Text));
        Assert.All(deliveries, d => Assert.Equal(1, d.Count));
        Assert.Empty(await queue.PullAsync(10, Short, None));
    }

    [Fact]
    public async Task A_second_copy_is_answered_with_success_and_not_delivered()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([Message("a")], None);
        var first = Assert.Single(await PullAsync(queue, 1));
        await first.AcknowledgeAsync(None);

        Assert.Equal([true, true], await queue.PublishAsync([Message("a"), Message("b")], None));

        Assert.Equal("body b", Text(Assert.Single(await PullAsync(queue, 1))));
        Assert.Empty(await queue.PullAsync(10, Short, None));
    }

    [Fact]
    public async Task A_pull_takes_no_more_than_it_asked_for()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([.. Enumerable.Range(0, 20).Select(i => Message($"m{i}"))], None);

        Assert.Equal(7, (await queue.PullAsync(7, Long, None)).Count);
        Assert.Equal(13, (await PullAsync(queue, 13)).Count);
    }

    [Fact]
    public async Task A_waiting_pull_hears_of_a_message_at_once()
    {
        var queue = await OpenAsync();
        var pull = queue.PullAsync(1, Long, None);

        await queue.PublishAsync([Message("a")], None);

        Assert.Equal("body a", Text(Assert.Single(await pull.WaitAsync(TimeSpan.FromSeconds(5)))));
    }

    [Fact]
    public async Task What_is_not_acknowledged_in_time_is_delivered_again_and_counted()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([Message("lost"), Message("done")], None);
        var deliveries = await PullAsync(queue, 2);
        await deliveries[1].AcknowledgeAsync(None);

        await PassAckWaitAsync();

        var again = Assert.Single(await PullAsync(queue, 1));
        Assert.Equal(("body lost", 2), (Text(again), again.Count));
    }

    [Fact]
    public async Task What_is_given_back_is_delivered_again_at_once()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([Message("a")], None);
        await (await PullAsync(queue, 1))[0].ReturnAsync(None);

        var again = Assert.Single(await PullAsync(queue, 1));
        Assert.Equal(2, again.Count);
    }

    [Fact]
    public async Task What_is_given_back_with_a_pause_is_delivered_again_after_it()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([Message("a"), Message("b")], None);
        var deliveries = await PullAsync(queue, 2);
        await deliveries[0].ReturnAsync(TimeSpan.FromSeconds(2), None);
        await deliveries[1].AcknowledgeAsync(None);
        Assert.Empty(await queue.PullAsync(10, Short, None));
        Assert.Equal(1, await queue.CountAsync(None));

        await PassAckWaitAsync();

        var again = Assert.Single(await PullAsync(queue, 1));
        Assert.Equal(("body a", 2), (Text(again), again.Count));
    }

    [Fact]
    public async Task Its_state_tells_how_many_wait_and_since_when_the_oldest_is_there()
    {
        var queue = await OpenAsync();
        Assert.Equal(new QueueState(0, null), await queue.ReadStateAsync(None));
        await queue.PublishAsync([Message("a")], None);
        var first = await queue.ReadStateAsync(None);
        await PassAckWaitAsync();
        await queue.PublishAsync([Message("b"), Message("c")], None);
        var taken = (await PullAsync(queue, 1))[0];

        var state = await queue.ReadStateAsync(None);
        Assert.Equal((2, first.Oldest), (state.Waiting, state.Oldest));
        Assert.NotNull(first.Oldest);
        await taken.AcknowledgeAsync(None);
        while (await queue.CountAsync(None) > 2)
            await Task.Yield();

        Assert.True((await queue.ReadStateAsync(None)).Oldest - first.Oldest >= Deliveries.AckWait);
    }

    [Fact]
    public async Task An_acknowledgement_that_comes_late_counts()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([Message("a"), Message("b")], None);
        var deliveries = await PullAsync(queue, 2);
        await PassAckWaitAsync();
        Assert.Single(await queue.PullAsync(1, Long, None));

        await deliveries[0].AcknowledgeAsync(None);
        await deliveries[1].AcknowledgeAsync(None);

        while (await queue.CountAsync(None) > 0)
            await Task.Yield();
        await PassAckWaitAsync();
        Assert.Empty(await queue.PullAsync(10, Short, None));
    }

    [Fact]
    public async Task Messages_outlive_the_process()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([Message("a"), Message("b")], None);
        await (await PullAsync(queue, 1))[0].AcknowledgeAsync(None);
        await PassAckWaitAsync();

        var reopened = await ReopenAsync();

        Assert.Equal("body b", Text(Assert.Single(await PullAsync(reopened, 1))));
        Assert.Equal([true], await reopened.PublishAsync([Message("a")], None));
        Assert.Empty(await reopened.PullAsync(10, Short, None));
    }

    [Fact]
    public async Task The_count_tells_what_is_not_done()
    {
        var queue = await OpenAsync();
        await queue.PublishAsync([Message("a"), Message("b")], None);
        var deliveries = await PullAsync(queue, 2);
        Assert.Equal(2, await queue.CountAsync(None));
        await deliveries[0].AcknowledgeAsync(None);
        await deliveries[1].AcknowledgeAsync(None);

        while (await queue.CountAsync(None) > 0)
            await Task.Yield();
    }

    private static async Task<List<Delivery>> PullAsync(IExecutionQueue queue, int count)
    {
        var deliveries = new List<Delivery>();
        while (deliveries.Count < count)
        {
            var more = await queue.PullAsync(count - deliveries.Count, Long, None);
            Assert.NotEmpty(more);
            deliveries.AddRange(more);
        }

        return deliveries;
    }

    private static StreamMessage Message(string id) => new(id, 17, Encoding.UTF8.GetBytes($"body {id}"));

    private static string Text(Delivery delivery) => Encoding.UTF8.GetString(delivery.Body.Span);
}
