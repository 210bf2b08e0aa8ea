using System.Collections.Concurrent;
using CronCloud.Faults.Running;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Xunit.Abstractions;

namespace CronCloud.Faults.Tests.Faults;

/// <summary>Messages that come again, and messages that are none.</summary>
public sealed class RepetitionTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    private const int Times = 5;

    [Fact]
    public async Task Executions_delivered_again_carry_the_same_key_and_have_one_outcome()
    {
        var from = Cluster.Begin("executions delivered again", mayRepeat: true);
        await using var nats = new NatsConnection(new NatsOpts { Url = Cluster.Nodes.Nats.ConnectionString });
        var captured = new ConcurrentQueue<NatsMsg<byte[]>>();
        using var listening = new CancellationTokenSource();
        await nats.ConnectAsync();
        var listener = ListenAsync(nats, captured, listening.Token);
        await Cluster.UntilAsync(() => Task.FromResult(captured.Count >= 20), TimeSpan.FromSeconds(10), "Executions on the queue");
        await listening.CancelAsync();
        await listener;

        var context = new NatsJSContext(nats);
        foreach (var message in captured.Take(20))
        {
            // The same id is dropped; another id, as after the window or a restart of NATS, is delivered.
            var id = message.Headers!["Nats-Msg-Id"].ToString();
            Assert.True((await context.PublishAsync(message.Subject, message.Data, opts: new NatsJSPubOpts { MsgId = id })).Duplicate);
            for (var i = 1; i < Times; i++)
                (await context.PublishAsync(message.Subject, message.Data, opts: new NatsJSPubOpts { MsgId = $"{id}!{i}" })).EnsureSuccess();
        }

        await Cluster.ForAsync(1);
        Cluster.End(bound: TimeSpan.Zero);

        var report = await AssertHoldsAsync(from);
        Assert.InRange(report.Duplicates, 1, 20 * (Times - 1));
        Assert.Empty(await Cluster.UntilHistoryIsWholeAsync(from, Cluster.Now));
    }

    [Fact]
    public async Task Messages_that_are_no_executions_and_no_outcomes_hold_nobody_up()
    {
        var from = Cluster.Now;
        await using var nats = new NatsConnection(new NatsOpts { Url = Cluster.Nodes.Nats.ConnectionString });
        var context = new NatsJSContext(nats);
        foreach (var subject in (string[])["cc.execution.7", "cc.outcome.7"])
        {
            foreach (var body in (string[])["", "no JSON", "null", "[]", "{}", """{"tenant":"default","jobId":"x","version":99}""", new string('x', 900_000)])
                (await context.PublishAsync(subject, body)).EnsureSuccess();
        }

        await Cluster.ForAsync(5);
        var report = await AssertHoldsAsync(from);
        Assert.Equal(0, report.Duplicates);
        Assert.True(report.WorstLateness < TimeSpan.FromSeconds(2), $"The latest start was {report.WorstLateness.TotalMilliseconds:0} ms late.");
        await Cluster.UntilAsync(async () => await PendingAsync(context) == 0, TimeSpan.FromSeconds(15), "An end of what is no execution");
    }

    private static async Task ListenAsync(NatsConnection nats, ConcurrentQueue<NatsMsg<byte[]>> captured, CancellationToken cancellation)
    {
        try
        {
            await foreach (var message in nats.SubscribeAsync<byte[]>("cc.execution.*", cancellationToken: cancellation))
                captured.Enqueue(message);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Deliveries of the streams that came more than once and are not done.</summary>
    private static async Task<long> PendingAsync(NatsJSContext context)
    {
        var again = 0L;
        foreach (var (stream, consumer) in ((string, string)[])[("EXECUTIONS", "workers"), ("OUTCOMES", "settler"), ("OUTCOMES", "history")])
            again += (await context.GetConsumerAsync(stream, consumer)).Info.NumRedelivered;
        return again;
    }
}
