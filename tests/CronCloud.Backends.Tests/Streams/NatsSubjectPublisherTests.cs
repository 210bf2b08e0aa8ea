using System.Text;
using CronCloud.Backends.Streams;
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

        await new NatsSubjectPublisher(connection).PublishAsync("orders.created", [new("Idempotency-Key", "a@1")], Encoding.UTF8.GetBytes("hello"), CancellationToken.None);

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var heard = await subscription.Msgs.ReadAsync(limit.Token);
        Assert.Equal(("hello", "a@1"), (Encoding.UTF8.GetString(heard.Data!), heard.Headers!["Idempotency-Key"].ToString()));
    }
}
