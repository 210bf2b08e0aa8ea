using CronCloud.Faults.Running;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>Messages that come again, and messages that are none.</summary>
public sealed class RepetitionTests(RunningCluster running, ITestOutputHelper output) : FaultTest(running, output)
{
    private const int Executions = 20;
    private const int Times = 4;

    [Fact]
    public async Task Executions_delivered_again_carry_the_same_key_and_have_one_outcome()
    {
        await Cluster.ReviveAsync();
        var from = Cluster.Begin("executions delivered again", mayRepeat: true);
        await using var repeater = new Repeater(Cluster.Nodes.Nats.ConnectionString);
        await repeater.RepeatAsync(Executions, Times);
        await Cluster.ForAsync(1);
        Cluster.End(bound: TimeSpan.Zero);

        var report = await AssertHoldsAsync(from);
        Assert.InRange(report.Duplicates, 1, Executions * Times);
        Assert.Empty(await Cluster.UntilHistoryIsWholeAsync(from, Cluster.Now));
    }

    [Fact]
    public async Task Messages_that_are_no_executions_and_no_outcomes_hold_nobody_up()
    {
        await Cluster.ReviveAsync();
        var from = Cluster.Now;
        await using var repeater = new Repeater(Cluster.Nodes.Nats.ConnectionString);
        await repeater.SendNonsenseAsync();
        await Cluster.ForAsync(5);

        var report = await AssertHoldsAsync(from);
        Assert.Equal(0, report.Duplicates);
        var lateness = Cluster.Sink.Ledger.Read().Where(d => d.ScheduledAt >= from && d.Attempt == 1).Select(d => d.Lateness).Order().ToList();
        Assert.True(lateness[lateness.Count / 2] < TimeSpan.FromSeconds(1), $"Half of the starts were more than {lateness[lateness.Count / 2].TotalMilliseconds:0} ms late.");
        await using var nats = new NatsConnection(new NatsOpts { Url = Cluster.Nodes.Nats.ConnectionString });
        await Cluster.UntilAsync(async () => await RedeliveredAsync(new NatsJSContext(nats)) == 0, TimeSpan.FromSeconds(15), "An end of what is no execution");
    }

    /// <summary>Deliveries of the streams that came more than once and are not done: nonsense that nobody takes out would be among them.</summary>
    private static async Task<long> RedeliveredAsync(NatsJSContext context)
    {
        var again = 0L;
        foreach (var (stream, consumer) in ((string, string)[])[("EXECUTIONS", "workers"), ("OUTCOMES", "settler"), ("OUTCOMES", "history")])
            again += (await context.GetConsumerAsync(stream, consumer)).Info.NumRedelivered;
        return again;
    }
}
