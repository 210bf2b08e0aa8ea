using System.Text;
using CronCloud.Backends.Streams;
using CronCloud.Core.Executions;
using CronCloud.TestServers;
using NATS.Client.Core;

namespace CronCloud.Backends.Tests.Streams;

[Collection(nameof(RealServers))]
public sealed class NatsSubjectPublisherTests(RealServers servers)
{
    [Fact]
    public async Task A_subscriber_hears_the_payload_and_the_headers()
    {
        var url = (await servers.NatsAsync()).ConnectionString;
        await using var listener = new NatsConnection(new NatsOpts { Url = url });
        await using var subscription = await listener.SubscribeCoreAsync<byte[]>("orders.created");
        await listener.PingAsync();
        await using var connection = new JetStreamConnection(url);
        await connection.OpenAsync(CancellationToken.None);

        var errors = await new NatsSubjectPublisher(connection).PublishAsync([Message("orders.created", "hello"u8.ToArray())], CancellationToken.None);

        Assert.Equal([null], errors);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var heard = await subscription.Msgs.ReadAsync(limit.Token);
        Assert.Equal(("hello", "a@1"), (Encoding.UTF8.GetString(heard.Data!), heard.Headers!["Idempotency-Key"].ToString()));
    }

    [Fact]
    public async Task A_message_that_is_larger_than_the_server_takes_is_named_and_keeps_no_other()
    {
        var url = (await servers.NatsAsync()).ConnectionString;
        await using var listener = new NatsConnection(new NatsOpts { Url = url });
        await using var subscription = await listener.SubscribeCoreAsync<byte[]>("orders.large");
        await listener.PingAsync();
        await using var connection = new JetStreamConnection(url);
        await connection.OpenAsync(CancellationToken.None);

        var errors = await new NatsSubjectPublisher(connection).PublishAsync(
            [Message("orders.large", new byte[2 << 20]), Message("orders.large", "second"u8.ToArray())],
            CancellationToken.None);

        Assert.Contains("payload", errors[0], StringComparison.OrdinalIgnoreCase);
        Assert.Null(errors[1]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        Assert.Equal("second", Encoding.UTF8.GetString((await subscription.Msgs.ReadAsync(limit.Token)).Data!));
    }

    /// <summary>What was sent before may be lost, and the round trip goes by the next connection.</summary>
    [Fact]
    public async Task Messages_between_which_the_connection_broke_are_not_told_as_sent()
    {
        var server = await servers.NatsAsync();
        await using var link = new Link(server.Port);
        await using var connection = new JetStreamConnection(server.ConnectionStringAt(link.Port));
        await connection.OpenAsync(CancellationToken.None);
        var publisher = new NatsSubjectPublisher(connection);
        var messages = new Interrupted([Message("orders.cut", [1]), Message("orders.cut", [2])], link);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        Assert.DoesNotContain(null, await publisher.PublishAsync(messages, limit.Token));
        Assert.Equal([null, null], await publisher.PublishAsync([Message("orders.cut", [3]), Message("orders.cut", [4])], limit.Token));
    }

    /// <summary>The client cancels the round trip then. Nobody asked it to.</summary>
    [Fact]
    public async Task Messages_whose_round_trip_was_under_way_when_the_connection_broke_are_not_told_as_sent()
    {
        var server = await servers.NatsAsync();
        await using var listener = new NatsConnection(new NatsOpts { Url = server.ConnectionString });
        await using var subscription = await listener.SubscribeCoreAsync<byte[]>("orders.unanswered");
        await listener.PingAsync();
        await using var link = new Link(server.Port);
        await using var connection = new JetStreamConnection(server.ConnectionStringAt(link.Port));
        await connection.OpenAsync(CancellationToken.None);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        link.FromServer.Close();
        var publishing = new NatsSubjectPublisher(connection).PublishAsync([Message("orders.unanswered", [1])], limit.Token);
        await subscription.Msgs.ReadAsync(limit.Token);
        await link.CutAsync();
        link.Heal();

        Assert.DoesNotContain(null, await publishing);
    }

    /// <summary>Breaks the connection before the second message is read.</summary>
    private sealed class Interrupted(IReadOnlyList<SubjectMessage> messages, Link link) : IReadOnlyList<SubjectMessage>
    {
        private readonly HashSet<int> _read = [];

        public int Count => messages.Count;

        public SubjectMessage this[int index]
        {
            get
            {
                // The first look only measures them.
                if (!_read.Add(index) && index == 1)
                {
                    link.CutAsync().GetAwaiter().GetResult();
                    link.Heal();
                }

                return messages[index];
            }
        }

        public IEnumerator<SubjectMessage> GetEnumerator() => messages.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private static SubjectMessage Message(string subject, byte[] payload) => new(subject, payload) { Headers = [new("Idempotency-Key", "a@1")] };
}
