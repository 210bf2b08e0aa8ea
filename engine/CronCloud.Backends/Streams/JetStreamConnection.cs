using CronCloud.Core;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace CronCloud.Backends.Streams;

/// <summary>The one connection to NATS, and the streams and consumers that the product needs there.</summary>
public sealed class JetStreamConnection : IDependency, IAsyncDisposable
{
    /// <summary>So long a publisher waits for a server that is away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly NatsConnection _nats;
    private readonly SemaphoreSlim _provisioning = new(1);
    private readonly JetStreamProvisioning[] _streams;
    private JetStreamPublisher? _publisher;
    private volatile int _provisioned;
    private volatile int _losses;
    private volatile string? _server;

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
        _streams = [new JetStreamProvisioning(Context, JetStreamSetup.ExecutionStream, OnLoss), new JetStreamProvisioning(Context, JetStreamSetup.OutcomeStream, OnLoss)];
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

    /// <summary>How often streams were found to have lost something: what was delivered before has a number that another message may have now.</summary>
    internal int Losses => _losses;

    internal void OnLoss() => Interlocked.Increment(ref _losses);

    /// <summary>
    /// Waits for the server, and looks after its streams when it was started anew: it shows what it lost only until something is published. False when it does not come back in time.
    /// </summary>
    internal async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            if (_nats.ConnectionState != NatsConnectionState.Open)
                await _nats.ConnectAsync().AsTask().WaitAsync(Patience, cancellation);
        }
        catch (Exception away) when (away is TimeoutException or NatsException)
        {
            return false;
        }

        if (_nats.ServerInfo?.Id != _server)
            await ProvisionAsync(Provisioned, cancellation);
        return true;
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
            var server = _nats.ServerInfo?.Id;
            foreach (var stream in _streams)
                await stream.EnsureAsync(cancellation);
            _server = server;
            _provisioned++;
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
}
