using System.Text;
using CronCloud.Backends.Streams;
using CronCloud.Core.Executions;
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

    private static SubjectMessage Message(string subject, byte[] payload) => new(subject, payload) { Headers = [new("Idempotency-Key", "a@1")] };
}
