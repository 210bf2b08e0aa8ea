using System.Text;
using CronCloud.Core.Streams;

namespace CronCloud.Backends.Tests.Streams;

/// <summary>What every outcome stream must do.</summary>
public abstract class OutcomeStreamContract
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IOutcomeStream> OpenAsync();

    [Fact]
    public async Task Each_reader_gets_every_outcome_at_its_own_pace()
    {
        var stream = await OpenAsync();
        Assert.Equal([true, true], await stream.PublishAsync([Message("a"), Message("b")], None));

        Assert.Equal(["a", "b"], await ReadAsync(stream, OutcomeReader.Settler, 2));
        Assert.Empty(await stream.PullAsync(OutcomeReader.Settler, 10, Short, None));
        await stream.PublishAsync([Message("c")], None);
        Assert.Equal(["a", "b", "c"], await ReadAsync(stream, OutcomeReader.History, 3));
        Assert.Equal(["c"], await ReadAsync(stream, OutcomeReader.Settler, 1));
        Assert.Equal(["a", "b", "c"], await ReadAsync(stream, OutcomeReader.Alerts, 3));
        Assert.Empty(await stream.PullAsync(OutcomeReader.Alerts, 10, Short, None));
    }

    [Fact]
    public async Task A_second_copy_reaches_nobody()
    {
        var stream = await OpenAsync();
        await stream.PublishAsync([Message("a")], None);
        Assert.Equal(["a"], await ReadAsync(stream, OutcomeReader.Settler, 1));

        Assert.Equal([true], await stream.PublishAsync([Message("a")], None));

        Assert.Empty(await stream.PullAsync(OutcomeReader.Settler, 10, Short, None));
        Assert.Equal(["a"], await ReadAsync(stream, OutcomeReader.History, 1));
        Assert.Empty(await stream.PullAsync(OutcomeReader.History, 10, Short, None));
    }

    [Fact]
    public async Task The_oldest_that_a_reader_has_not_done_with_tells_how_far_it_lags()
    {
        var stream = await OpenAsync();
        Assert.Null(await stream.ReadOldestAsync(OutcomeReader.History, None));
        await stream.PublishAsync([Message("a")], None);
        var first = await stream.ReadOldestAsync(OutcomeReader.History, None);
        await stream.PublishAsync([Message("b")], None);

        Assert.NotNull(first);
        Assert.Equal(first, await stream.ReadOldestAsync(OutcomeReader.History, None));
        await ReadAsync(stream, OutcomeReader.History, 2);
        while (await stream.CountAsync(OutcomeReader.History, None) > 0)
            await Task.Yield();

        Assert.Null(await stream.ReadOldestAsync(OutcomeReader.History, None));
        Assert.NotNull(await stream.ReadOldestAsync(OutcomeReader.Settler, None));
    }

    private static async Task<List<string>> ReadAsync(IOutcomeStream stream, OutcomeReader reader, int count)
    {
        var read = new List<string>();
        while (read.Count < count)
        {
            var deliveries = await stream.PullAsync(reader, count - read.Count, Long, None);
            Assert.NotEmpty(deliveries);
            foreach (var delivery in deliveries)
            {
                read.Add(Encoding.UTF8.GetString(delivery.Body.Span));
                await delivery.AcknowledgeAsync(None);
            }
        }

        return read;
    }

    private static StreamMessage Message(string id) => new(id, 17, Encoding.UTF8.GetBytes(id));
}
