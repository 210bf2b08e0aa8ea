using CronCloud.Core;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace CronCloud.Backends.Streams;

/// <summary>The one connection to NATS, and the streams and consumers that the product needs there.</summary>
public sealed class JetStreamConnection : IDependency, IAsyncDisposable
{
    internal const string Executions = "EXECUTIONS";
    internal const string Outcomes = "OUTCOMES";

    private readonly NatsConnection _nats;
    private readonly SemaphoreSlim _provisioning = new(1);

    public JetStreamConnection(string url)
    {
        _nats = new NatsConnection(new NatsOpts
        {
            Url = url,
            Name = "croncloud",
            ConnectTimeout = TimeSpan.FromSeconds(3),
            RequestTimeout = TimeSpan.FromSeconds(5),
            CommandTimeout = TimeSpan.FromSeconds(5),
            MaxReconnectRetry = -1,
            ReconnectWaitMin = TimeSpan.FromMilliseconds(100),
            ReconnectWaitMax = TimeSpan.FromSeconds(1),
        });
        Context = new NatsJSContext(_nats);
        Description = $"NATS JetStream at {new UriBuilder(url.Contains("://", StringComparison.Ordinal) ? url : "nats://" + url) { UserName = "", Password = "" }.Uri.Authority}";
    }

    public string Name => "nats";

    public string Description { get; }

    public INatsConnection Nats => _nats;

    internal NatsJSContext Context { get; }

    public async Task OpenAsync(CancellationToken cancellation)
    {
        await _nats.ConnectAsync().AsTask().WaitAsync(cancellation);
        await ProvisionAsync(cancellation);
    }

    public async Task ProbeAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        await Context.GetStreamAsync(Executions, cancellationToken: limit.Token);
    }

    /// <summary>Creates what is missing; also called when a server that was emptied says that a stream is not there.</summary>
    internal async Task ProvisionAsync(CancellationToken cancellation)
    {
        await _provisioning.WaitAsync(cancellation);
        try
        {
            await Context.CreateOrUpdateStreamAsync(Stream(Executions, "cc.execution.*", StreamConfigRetention.Workqueue, StreamLimits.MaxExecutions), cancellation);
            await Context.CreateOrUpdateStreamAsync(Stream(Outcomes, "cc.outcome.*", StreamConfigRetention.Interest, StreamLimits.MaxOutcomes), cancellation);
            await Context.CreateOrUpdateConsumerAsync(Executions, Consumer("workers", StreamLimits.AckWait), cancellation);
            await Context.CreateOrUpdateConsumerAsync(Outcomes, Consumer("settler", StreamLimits.AckWait), cancellation);
            await Context.CreateOrUpdateConsumerAsync(Outcomes, Consumer("history", StreamLimits.AckWait), cancellation);
        }
        finally
        {
            _provisioning.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _nats.DisposeAsync();
        _provisioning.Dispose();
    }

    private static StreamConfig Stream(string name, string subject, StreamConfigRetention retention, long maxMessages) => new(name, [subject])
    {
        Retention = retention,
        Storage = StreamConfigStorage.File,
        Discard = StreamConfigDiscard.New,
        MaxMsgs = maxMessages,
        DuplicateWindow = StreamLimits.DuplicateWindow,
    };

    private static ConsumerConfig Consumer(string name, TimeSpan ackWait) => new(name)
    {
        DurableName = name,
        AckPolicy = ConsumerConfigAckPolicy.Explicit,
        AckWait = ackWait,
        MaxDeliver = -1,
        MaxAckPending = 100_000,
    };
}
