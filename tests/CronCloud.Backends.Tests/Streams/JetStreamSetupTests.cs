using System.Text;
using CronCloud.Backends.Streams;
using CronCloud.Core.Streams;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace CronCloud.Backends.Tests.Streams;

/// <summary>How streams come to be, on a server that has none, that lost them, or that an operator has changed.</summary>
[Collection(nameof(RealServers))]
public sealed class JetStreamSetupTests(RealServers servers)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task What_is_acknowledged_while_the_streams_are_made_anew_reaches_both_readers()
    {
        for (var times = 0; times < 5; times++)
        {
            await using var connection = await EmptyNats.OpenAsync(servers);
            await using var another = new JetStreamConnection((await servers.NatsAsync()).ConnectionString);
            await another.OpenAsync(None);
            var (stream, publisher) = (new JetStreamOutcomeStream(connection), new JetStreamOutcomeStream(another));
            await new NatsJSContext(connection.Nats).DeleteStreamAsync("OUTCOMES");

            var published = new List<string>();
            using var made = new CancellationTokenSource();
            var publishing = Task.Run(async () =>
            {
                for (var i = 0; !made.IsCancellationRequested || published.Count < 10; i++)
                {
                    if ((await publisher.PublishAsync([new StreamMessage($"{times}.{i}", 17, Encoding.UTF8.GetBytes($"{i}"))], None))[0])
                        published.Add($"{i}");
                }
            });
            await connection.OpenAsync(None);
            await made.CancelAsync();
            await publishing;

            Assert.Equal(published, await ReadAsync(stream, OutcomeReader.Settler, published.Count));
            Assert.Equal(published, await ReadAsync(stream, OutcomeReader.History, published.Count));
        }
    }

    [Fact]
    public async Task Outcomes_that_an_emptied_server_lost_are_published_once_more()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        var stream = new JetStreamOutcomeStream(connection);
        await stream.PublishAsync([new StreamMessage("a", 17, "a"u8.ToArray()), new StreamMessage("b", 17, "b"u8.ToArray())], None);
        Assert.Equal(["a", "b"], (await ReadAsync(stream, OutcomeReader.Settler, 2)).Order());
        await new NatsJSContext(connection.Nats).DeleteStreamAsync("OUTCOMES");

        while (!(await stream.PublishAsync([new StreamMessage("c", 17, "c"u8.ToArray())], None))[0])
            await Task.Yield();

        Assert.Equal(["a", "b", "c"], (await ReadAsync(stream, OutcomeReader.History, 3)).Order());
    }

    [Fact]
    public async Task However_many_hear_that_a_stream_is_gone_it_is_made_once()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        var queue = new JetStreamExecutionQueue(connection);
        await new NatsJSContext(connection.Nats).DeleteStreamAsync("EXECUTIONS");
        var before = connection.Provisioned;

        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => queue.PublishAsync([new StreamMessage($"m{i}", 17, default)], None)));

        Assert.Equal(before + 1, connection.Provisioned);
        Assert.Equal([true], await queue.PublishAsync([new StreamMessage("after", 17, default)], None));
    }

    [Fact]
    public async Task A_stream_of_an_earlier_version_gets_the_reader_that_it_did_not_know_which_reads_what_is_still_there()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        await new NatsJSContext(connection.Nats).DeleteConsumerAsync("OUTCOMES", "alerts");
        var stream = new JetStreamOutcomeStream(connection);
        await stream.PublishAsync([new StreamMessage("a", 17, "a"u8.ToArray())], None);
        Assert.Equal(["a"], await ReadAsync(stream, OutcomeReader.Settler, 1));

        await connection.OpenAsync(None);

        Assert.Equal(["a"], await ReadAsync(stream, OutcomeReader.Alerts, 1));
    }

    [Fact]
    public async Task What_an_operator_changed_stays()
    {
        await using var connection = await EmptyNats.OpenAsync(servers);
        var context = new NatsJSContext(connection.Nats);
        var config = (await context.GetStreamAsync("OUTCOMES")).Info.Config;
        await context.UpdateStreamAsync(config with { MaxAge = TimeSpan.FromDays(5), Subjects = ["cc.elsewhere"] });

        await connection.OpenAsync(None);

        var now = (await context.GetStreamAsync("OUTCOMES")).Info.Config;
        Assert.Equal((TimeSpan.FromDays(5), StreamConfigRetention.Interest, 1), (now.MaxAge, now.Retention, now.NumReplicas));
        Assert.Equal(["cc.outcome.*"], now.Subjects!);
    }

    private static async Task<List<string>> ReadAsync(JetStreamOutcomeStream stream, OutcomeReader reader, int count)
    {
        var read = new List<string>();
        while (read.Count < count && await stream.PullAsync(reader, 1_000, TimeSpan.FromSeconds(2), None) is { Count: > 0 } deliveries)
        {
            read.AddRange(deliveries.Select(d => Encoding.UTF8.GetString(d.Body.Span)));
            await deliveries.AcknowledgeAsync(None);
        }

        return read;
    }
}
