using CronCloud.Backends.Streams;
using CronCloud.Core.Streams;

namespace CronCloud.Backends.Tests.Streams;

[Collection(nameof(RealServers))]
public sealed class JetStreamPublisherTests(RealServers servers)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_message_that_is_larger_than_the_server_takes_keeps_no_other()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        var queue = new JetStreamExecutionQueue(connection);

        var published = await queue.PublishAsync([new StreamMessage("a", 1, "a"u8.ToArray()), new StreamMessage("b", 1, new byte[8 << 20]), new StreamMessage("c", 1, "c"u8.ToArray())], None);

        Assert.Equal([true, false, true], published);
        Assert.Equal(2, await queue.CountAsync(None));
    }

    [Fact]
    public async Task What_nobody_acknowledges_has_no_word_after_a_while()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        await using var silent = await connection.Nats.SubscribeCoreAsync<byte[]>("silent.*");

        var acknowledgement = Assert.Single(await connection.Publisher.PublishAsync("silent.", [new StreamMessage("a", 1, "a"u8.ToArray())], None));

        Assert.Equal(PublishState.NoStream, acknowledgement.State);
    }

    [Fact]
    public async Task What_takes_long_is_waited_for_while_answers_come_and_what_was_lost_is_not()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        await using var slow = await connection.Nats.SubscribeCoreAsync<byte[]>("slow.*");
        var publisher = await JetStreamPublisher.OpenAsync(connection.Nats, TimeSpan.FromSeconds(1), None);
        StreamMessage[] messages = [.. Enumerable.Range(0, 4).Select(i => new StreamMessage($"{i}", 1, "x"u8.ToArray()))];
        var (first, second) = (publisher.PublishAsync("slow.", messages, None), publisher.PublishAsync("slow.", messages, None));
        for (var i = 0; i < 8; i++)
        {
            var message = await slow.Msgs.ReadAsync();
            if (i == 2)
                continue; // its answer is lost
            await Task.Delay(TimeSpan.FromMilliseconds(400), TimeProvider.System);
            await message.ReplyAsync("{\"seq\":1}"u8.ToArray());
        }

        Assert.Equal([PublishState.Stored, PublishState.Stored, PublishState.NoStream, PublishState.Stored], (await first).Select(one => one.State));
        Assert.All(await second, one => Assert.Equal(PublishState.Stored, one.State));
    }

    [Fact]
    public async Task When_the_connection_breaks_what_waits_is_refused_at_once_and_what_follows_is_stored()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        await using var silent = await connection.Nats.SubscribeCoreAsync<byte[]>("silent.*");
        var waiting = connection.Publisher.PublishAsync("silent.", [new StreamMessage("a", 1, "a"u8.ToArray())], None);
        await silent.Msgs.ReadAsync();

        await connection.Nats.ReconnectAsync();

        Assert.Equal(PublishState.Refused, Assert.Single(await waiting.WaitAsync(TimeSpan.FromSeconds(3))).State);
        Assert.True(Assert.Single(await new JetStreamExecutionQueue(connection).PublishAsync([new StreamMessage("b", 1, "b"u8.ToArray())], None)));
    }

    [Fact]
    public async Task Many_calls_side_by_side_each_hear_of_their_own_messages()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        var queue = new JetStreamExecutionQueue(connection);

        var published = await Task.WhenAll(Enumerable.Range(0, 50).Select(call =>
            queue.PublishAsync([.. Enumerable.Range(0, 100).Select(i => new StreamMessage($"{call / 2}-{i}", call, "x"u8.ToArray()))], None)));

        Assert.All(published, call => Assert.All(call, Assert.True));
        Assert.Equal(2_500, await queue.CountAsync(None)); // each was sent twice
    }
}
