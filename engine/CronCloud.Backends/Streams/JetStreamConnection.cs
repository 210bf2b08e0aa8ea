using CronCloud.Core;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace CronCloud.Backends.Streams;

/// <summary>The one connection to NATS, and the streams and consumers that the product needs there.</summary>
public sealed class JetStreamConnection : IDependency, IAsyncDisposable
{
    private readonly NatsConnection _nats;
    private readonly SemaphoreSlim _provisioning = new(1);
    private readonly Dictionary<string, JetStreamProvisioning> _streams;
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
        _streams = new[] { JetStreamSetup.ExecutionStream, JetStreamSetup.OutcomeStream }.ToDictionary(setup => setup.Name, setup => new JetStreamProvisioning(Context, setup));
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
    internal Task ProvisionAsync(int seen, CancellationToken cancellation) => InTurnAsync(
        async () =>
        {
            if (_provisioned != seen)
                return;
            foreach (var stream in _streams.Values)
                await stream.EnsureAsync(cancellation);
            _provisioned++;
        },
        cancellation);

    /// <summary>How often a stream's readers were made anew; see <see cref="RenewAsync"/>.</summary>
    internal int RenewalsOf(string stream) => _streams[stream].Renewals;

    /// <summary>The same of all streams: so often was one of them known to have lost its end.</summary>
    internal int Renewals => _streams.Values.Sum(stream => stream.Renewals);

    /// <summary>See <see cref="JetStreamProvisioning.RenewAsync"/>.</summary>
    internal Task RenewAsync(string stream, ulong from, int seen, CancellationToken cancellation) => InTurnAsync(() => _streams[stream].RenewAsync(from, seen, cancellation), cancellation);

    private async Task InTurnAsync(Func<Task> provision, CancellationToken cancellation)
    {
        await _provisioning.WaitAsync(cancellation);
        try
        {
            await provision();
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
