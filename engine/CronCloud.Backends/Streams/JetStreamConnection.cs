using CronCloud.Core;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace CronCloud.Backends.Streams;

/// <summary>The one connection to NATS, and the streams and consumers that the product needs there.</summary>
public sealed class JetStreamConnection : IDependency, IAsyncDisposable
{
    private readonly NatsConnection _nats;
    private readonly SemaphoreSlim _provisioning = new(1);
    private JetStreamPublisher? _publisher;
    private volatile int _provisioned;

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

    internal JetStreamPublisher Publisher => _publisher ?? throw new InvalidOperationException("The connection to NATS is not open yet.");

    /// <summary>How often streams and consumers were looked after; see <see cref="ProvisionAsync"/>.</summary>
    internal int Provisioned => _provisioned;

    public async Task OpenAsync(CancellationToken cancellation)
    {
        await _nats.ConnectAsync().AsTask().WaitAsync(cancellation);
        _publisher ??= await JetStreamPublisher.OpenAsync(_nats, cancellation);
        await ProvisionAsync(Provisioned, cancellation);
    }

    public async Task ProbeAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        await Context.GetStreamAsync(JetStreamSetup.Executions, cancellationToken: limit.Token);
    }

    /// <summary>
    /// Creates what is missing; also called when a server that was emptied says that a stream is not there. Thousands of publishers hear that at once: what was done since
    /// <paramref name="seen"/>, the count before the caller's attempt, is not done again.
    /// </summary>
    internal async Task ProvisionAsync(int seen, CancellationToken cancellation)
    {
        await _provisioning.WaitAsync(cancellation);
        try
        {
            if (_provisioned != seen)
                return;
            await ProvisionAsync(JetStreamSetup.ExecutionStream, cancellation);
            await ProvisionAsync(JetStreamSetup.OutcomeStream, cancellation);
            _provisioned++;
        }
        finally
        {
            _provisioning.Release();
        }
    }

    /// <summary>
    /// A stream takes messages when its readers are there, not before: what nobody is interested in is dropped, though its publisher was told that the stream has it.
    /// Until then its subject is one that nobody publishes to.
    /// </summary>
    private async Task ProvisionAsync(JetStreamSetup setup, CancellationToken cancellation)
    {
        var config = await FindAsync(setup.Name, cancellation) ?? await CreateAsync(setup, cancellation);
        foreach (var consumer in setup.Consumers)
            await Context.CreateOrUpdateConsumerAsync(setup.Name, consumer, cancellation);
        await Context.UpdateStreamAsync(setup.Apply(config), cancellation);
    }

    private async Task<StreamConfig?> FindAsync(string stream, CancellationToken cancellation)
    {
        try
        {
            return (await Context.GetStreamAsync(stream, cancellationToken: cancellation)).Info.Config;
        }
        catch (NatsJSApiException missing) when (missing.Error.Code == 404)
        {
            return null;
        }
    }

    /// <summary>Three copies where the server tells of a cluster that can have them; else one. Another node may have created it meanwhile.</summary>
    private async Task<StreamConfig> CreateAsync(JetStreamSetup setup, CancellationToken cancellation)
    {
        var copies = _nats.ServerInfo is { Cluster: not null, ClientConnectUrls.Length: >= 3 } ? 3 : 1;
        while (true)
        {
            try
            {
                return (await Context.CreateStreamAsync(setup.Closed(copies), cancellation)).Info.Config;
            }
            catch (NatsJSApiException refused)
            {
                if (await FindAsync(setup.Name, cancellation) is { } existing)
                    return existing;
                if (copies == 1)
                    throw new IOException($"NATS refuses the stream {setup.Name}: {refused.Error.Description}", refused);
                copies = 1;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _nats.DisposeAsync();
        _provisioning.Dispose();
    }
}
