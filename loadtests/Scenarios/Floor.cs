using System.Diagnostics;
using System.Globalization;
using CronCloud.LoadTests.Sinks;
using CronCloud.TestServers;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// What an execution must cost whatever the rest is: a message published to a work queue of JetStream, taken and acknowledged; a POST; a second message the same way. Bare, by the clients' own
/// calls, at the same rate as the steady load that is measured before it on the same machine.
/// </summary>
internal static class Floor
{
    private const int TicksPerSecond = 20;
    private const int WarmUpSeconds = 10;
    private const int FetchSize = 500;

    /// <summary>Bytes of an execution's message, and of an outcome's.</summary>
    private static readonly byte[] Execution = new byte[388];
    private static readonly byte[] Outcome = new byte[560];

    public static async Task<FloorMeasured> RunAsync(Arguments arguments)
    {
        var steady = await SteadyRate.RunAsync(arguments);
        await using var sink = await LoadSinkProcess.StartAsync();
        await using var nats = await NatsServer.StartAsync();
        await using var connection = new NatsConnection(new NatsOpts { Url = nats.ConnectionString });
        var context = new NatsJSContext(connection);
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null });
        using var stop = new CancellationTokenSource();
        var executions = await QueueAsync(context, "executions");
        var outcomes = await QueueAsync(context, "outcomes");
        Task[] consuming =
        [
            ConsumeAsync(executions, message => CallAsync(context, http, sink.Url, message), stop.Token),
            ConsumeAsync(outcomes, message => message.AckAsync().AsTask(), stop.Token),
        ];

        await PublishAsync(context, arguments.Rate, WarmUpSeconds);
        var (before, arrived) = (Read(nats, sink), await sink.CountAsync());
        await PublishAsync(context, arguments.Rate, arguments.Seconds);
        await sink.UntilAsync(arrived + (arguments.Rate * arguments.Seconds), TimeSpan.FromMinutes(2));
        var after = Read(nats, sink);
        await stop.CancelAsync();
        await Task.WhenAll(consuming);

        var parts = before.ToDictionary(part => part.Key, part => Math.Round((after[part.Key] - part.Value) * 1e6 / (arguments.Rate * arguments.Seconds), 1));
        return new FloorMeasured(steady, parts, Math.Round(steady.CpuMicroseconds!.Values.Sum() / parts.Values.Sum(), 2));
    }

    private static async Task<INatsJSConsumer> QueueAsync(NatsJSContext context, string name)
    {
        await context.CreateStreamAsync(new StreamConfig(name, [$"{name}.*"]) { Retention = StreamConfigRetention.Workqueue, Storage = StreamConfigStorage.File });
        return await context.CreateOrUpdateConsumerAsync(name, new ConsumerConfig(name) { DurableName = name, AckPolicy = ConsumerConfigAckPolicy.Explicit, MaxAckPending = 100_000 });
    }

    private static async Task PublishAsync(NatsJSContext context, int rate, int seconds)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / TicksPerSecond), TimeProvider.System);
        var published = new List<Task>();
        for (var tick = 1; tick <= seconds * TicksPerSecond; tick++)
        {
            await ticks.WaitForNextTickAsync();
            var due = (int)((long)rate * tick / TicksPerSecond);
            while (published.Count < due)
                published.Add(PublishAsync(context, "executions", Execution, published.Count));
        }

        await Task.WhenAll(published);
    }

    private static async Task PublishAsync(NatsJSContext context, string stream, byte[] body, int number)
    {
        var acknowledgement = await context.PublishAsync(string.Create(CultureInfo.InvariantCulture, $"{stream}.{number % 256}"), body);
        acknowledgement.EnsureSuccess();
    }

    private static async Task CallAsync(NatsJSContext context, HttpClient http, string sink, INatsJSMsg<byte[]> message)
    {
        using var answer = await http.PostAsync(new Uri($"{sink}/ok/floor"), new ByteArrayContent(message.Data!, 0, 120));
        answer.EnsureSuccessStatusCode();
        await PublishAsync(context, "outcomes", Outcome, (int)(message.Metadata!.Value.Sequence.Stream % 256));
        await message.AckAsync();
    }

    private static async Task ConsumeAsync(INatsJSConsumer consumer, Func<INatsJSMsg<byte[]>, Task> handle, CancellationToken stop)
    {
        try
        {
            await foreach (var message in consumer.ConsumeAsync<byte[]>(opts: new NatsJSConsumeOpts { MaxMsgs = FetchSize }, cancellationToken: stop))
                _ = CountedAsync(handle(message));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // All was measured.
        }
    }

    /// <summary>What fails costs less than it should: no figure comes of it.</summary>
    private static async Task CountedAsync(Task handling)
    {
        try
        {
            await handling;
        }
        catch (Exception failure)
        {
            await Console.Error.WriteLineAsync($"A step of the floor failed: {failure}");
            Environment.Exit(1);
        }
    }

    /// <summary>Seconds of processor time; the publisher, the workers and the reader of outcomes are this process.</summary>
    private static Dictionary<string, double> Read(NatsServer nats, LoadSinkProcess sink) =>
        new Processes([("clients", Environment.ProcessId), ("NATS", nats.Id), ("sink", sink.Id)]).ReadAlone();
}

/// <summary>What the steady load cost, what the bare steps did (microseconds of processor time per execution, by part), and how many times as much the first is.</summary>
internal sealed record FloorMeasured(SteadyRateMeasured Steady, IReadOnlyDictionary<string, double> FloorMicroseconds, double TimesTheFloor);
