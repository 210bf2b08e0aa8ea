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

    [Fact]
    public async Task The_first_that_a_reader_was_not_given_yet_tells_how_far_it_is_behind_whatever_came_back()
    {
        var stream = await OpenAsync();
        Assert.Null(await stream.ReadNextAsync(OutcomeReader.Settler, None));
        await stream.PublishAsync([Message("a")], None);
        var first = await stream.ReadNextAsync(OutcomeReader.Settler, None);
        await stream.PublishAsync([Message("b")], None);

        Assert.NotNull(first);
        var a = Assert.Single(await stream.PullAsync(OutcomeReader.Settler, 1, Long, None));
        var second = await stream.ReadNextAsync(OutcomeReader.Settler, None);
        Assert.True(second >= first);
        await a.ReturnAsync(TimeSpan.FromMinutes(1), None);
        Assert.Equal(second, await stream.ReadNextAsync(OutcomeReader.Settler, None));
        Assert.Single(await stream.PullAsync(OutcomeReader.Settler, 1, Long, None));
        Assert.Null(await stream.ReadNextAsync(OutcomeReader.Settler, None));
        Assert.Equal(first, await stream.ReadNextAsync(OutcomeReader.History, None));
    }

    [Fact]
    public async Task What_only_another_reader_wants_is_not_the_oldest()
    {
        var stream = await OpenAsync();
        await stream.PublishAsync([Message("a")], None);
        var first = await stream.ReadOldestAsync(OutcomeReader.History, None);
        await ReadAsync(stream, OutcomeReader.Settler, 1);
        while (await stream.CountAsync(OutcomeReader.Settler, None) > 0)
            await Task.Yield();

        await stream.PublishAsync([Message("b")], None);

        Assert.True(await stream.ReadOldestAsync(OutcomeReader.Settler, None) > first);
        Assert.Equal(first, await stream.ReadOldestAsync(OutcomeReader.History, None));
    }

    [Fact]
    public async Task Outcomes_that_are_published_together_come_to_each_reader_in_their_order()
    {
        var stream = await OpenAsync();
        var ids = Enumerable.Range(0, 250).Select(i => $"outcome {i}").ToList();

        Assert.DoesNotContain(false, await stream.PublishAsync(ids.ConvertAll(Message), None));

        Assert.Equal(ids, await ReadAsync(stream, OutcomeReader.Settler, ids.Count));
        Assert.Equal(ids, await ReadAsync(stream, OutcomeReader.History, ids.Count));
        Assert.Empty(await stream.PullAsync(OutcomeReader.Settler, 10, Short, None));
    }

    [Fact]
    public async Task Together_once_more_they_reach_nobody()
    {
        var stream = await OpenAsync();
        var together = new[] { Message("a"), Message("b") };
        await stream.PublishAsync(together, None);
        Assert.Equal(["a", "b"], await ReadAsync(stream, OutcomeReader.Settler, 2));

        Assert.Equal([true, true], await stream.PublishAsync(together, None));

        Assert.Empty(await stream.PullAsync(OutcomeReader.Settler, 10, Short, None));
    }

    [Fact]
    public async Task One_of_several_that_is_given_back_comes_again()
    {
        var stream = await OpenAsync();
        await stream.PublishAsync([Message("a"), Message("b"), Message("c")], None);
        var first = await PullAsync(stream, 3);
        await first["a"].AcknowledgeAsync(None);
        await first["b"].ReturnAsync(None);
        await first["c"].AcknowledgeAsync(None);

        var again = await stream.PullAsync(OutcomeReader.Settler, 10, Long, None);

        Assert.Contains("b", again.Select(TextOf));
        Assert.All(again, delivery => Assert.True(TextOf(delivery) != "b" || delivery.Count == 2));
        foreach (var delivery in again)
            await delivery.AcknowledgeAsync(None);
        Assert.Empty(await stream.PullAsync(OutcomeReader.Settler, 10, Short, None));
        Assert.Equal(0, await stream.CountAsync(OutcomeReader.Settler, None));
    }

    private static async Task<Dictionary<string, Delivery>> PullAsync(IOutcomeStream stream, int count)
    {
        var pulled = new Dictionary<string, Delivery>();
        while (pulled.Count < count)
        {
            foreach (var delivery in await stream.PullAsync(OutcomeReader.Settler, count - pulled.Count, Long, None))
                pulled[TextOf(delivery)] = delivery;
        }

        return pulled;
    }

    private static string TextOf(Delivery delivery) => Encoding.UTF8.GetString(delivery.Body.Span);

    private static async Task<List<string>> ReadAsync(IOutcomeStream stream, OutcomeReader reader, int count)
    {
        var read = new List<string>();
        while (read.Count < count)
        {
            var deliveries = await stream.PullAsync(reader, count - read.Count, Long, None);
            Assert.NotEmpty(deliveries);
            foreach (var delivery in deliveries)
            {
                read.Add(TextOf(delivery));
                await delivery.AcknowledgeAsync(None);
            }
        }

        return read;
    }

    private static StreamMessage Message(string id) => new(id, 17, Encoding.UTF8.GetBytes(id));
}
