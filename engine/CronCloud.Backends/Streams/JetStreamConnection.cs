using CronCloud.Core;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace CronCloud.Backends.Streams;

/// <summary>The one connection to NATS, and the streams and consumers that the product needs there.</summary>
public sealed class JetStreamConnection : IDependency, IAsyncDisposable
{
    /// <summary>So long whoever needs a server that is away waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly NatsConnection _nats;
    private readonly SemaphoreSlim _provisioning = new(1);
    private readonly JetStreamProvisioning[] _streams;
    private JetStreamPublisher? _publisher;
    private volatile int _provisioned;
    private volatile int _losses;
    private volatile string? _server;
    private int _isDisposed;
    private CancellationTokenSource _unbroken = new();

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
        _nats.ConnectionDisconnected += (_, _) =>
        {
            _ = Interlocked.Exchange(ref _unbroken, new CancellationTokenSource()).CancelAsync();
            return ValueTask.CompletedTask;
        };
        Context = new NatsJSContext(_nats);
        _streams = [new JetStreamProvisioning(Context, JetStreamSetup.ExecutionStream, () => OnLoss(Losses)), new JetStreamProvisioning(Context, JetStreamSetup.OutcomeStream, () => OnLoss(Losses))];
        Description = $"NATS JetStream at {new UriBuilder(url.Contains("://", StringComparison.Ordinal) ? url : "nats://" + url) { UserName = "", Password = "" }.Uri.Authority}";
    }

    public string Name => "nats";

    public string Description { get; }

    public INatsConnection Nats => _nats;

    internal NatsJSContext Context { get; }

    internal JetStreamPublisher Publisher => _publisher ?? throw new InvalidOperationException("The connection to NATS is not open yet.");

    /// <summary>For a request: cancelled when the connection breaks, too, since nobody answers it then. Pulls are asked again by the client.</summary>
    internal CancellationTokenSource WhileUnbroken(CancellationToken cancellation) => CancellationTokenSource.CreateLinkedTokenSource(cancellation, Volatile.Read(ref _unbroken).Token);

    /// <summary>How often streams and consumers were looked after; see <see cref="ProvisionAsync"/>.</summary>
    internal int Provisioned => _provisioned;

    public async Task OpenAsync(CancellationToken cancellation)
    {
        await _nats.ConnectAsync().AsTask().WaitAsync(cancellation);
        _publisher ??= await JetStreamPublisher.OpenAsync(_nats, cancellation);
        while (!await ProvisionAsync(Provisioned, cancellation))
            await _nats.ConnectAsync().AsTask().WaitAsync(cancellation);
    }

    public async Task ProbeAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        await Context.GetStreamAsync(JetStreamSetup.Executions, cancellationToken: limit.Token);
    }

    /// <summary>How often streams were found to have lost something: what was delivered before has a number that another message may have now.</summary>
    internal int Losses => _losses;

    /// <param name="seen"><see cref="Losses"/> before what told it: one loss is heard of by many.</param>
    internal void OnLoss(int seen) => Interlocked.CompareExchange(ref _losses, seen + 1, seen);

    /// <summary>
    /// Waits for the server, and looks after its streams when it was started anew: it shows what it lost only until something is published. False when that cannot be done in time.
    /// </summary>
    internal ValueTask<bool> IsReadyAsync(CancellationToken cancellation) => IsLookedAfter ? ValueTask.FromResult(true) : new ValueTask<bool>(GetReadyAsync(cancellation));

    private bool IsLookedAfter => _nats.ConnectionState == NatsConnectionState.Open && _nats.ServerInfo?.Id == _server;

    private async Task<bool> GetReadyAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            do
                await _nats.ConnectAsync().AsTask().WaitAsync(limit.Token);
            while (!await InTurnAsync(LookAfterNewAsync, limit.Token) || !IsLookedAfter);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private Task LookAfterNewAsync(CancellationToken cancellation) =>
        _nats.ServerInfo?.Id == _server ? Task.CompletedTask : LookAfterAsync(stream => stream.LookAsync(cancellation));

    /// <summary>
    /// Creates what is missing; also called when a server that was emptied says that a stream is not there. Thousands of publishers hear that at once: what was done since
    /// <paramref name="seen"/>, the count before the caller's attempt, is not done again. False when the connection broke meanwhile.
    /// </summary>
    internal Task<bool> ProvisionAsync(int seen, CancellationToken cancellation) => InTurnAsync(
        async unbroken =>
        {
            if (_provisioned != seen)
                return;
            await LookAfterAsync(stream => stream.EnsureAsync(unbroken));
            _provisioned++;
        },
        cancellation);

    /// <summary>The server may be started anew meanwhile: it is another one then.</summary>
    private async Task LookAfterAsync(Func<JetStreamProvisioning, Task> look)
    {
        var server = _nats.ServerInfo?.Id;
        foreach (var stream in _streams)
            await look(stream);
        _server = server;
    }

    /// <summary>False when the connection broke meanwhile. Whoever does not wait any longer ends nothing half way: each request has a limit of its own.</summary>
    private async Task<bool> InTurnAsync(Func<CancellationToken, Task> lookAfter, CancellationToken cancellation)
    {
        await _provisioning.WaitAsync(cancellation);
        return await WhileItIsOnesTurnAsync(lookAfter).WaitAsync(cancellation);
    }

    private async Task<bool> WhileItIsOnesTurnAsync(Func<CancellationToken, Task> lookAfter)
    {
        using var unbroken = WhileUnbroken(CancellationToken.None);
        try
        {
            await lookAfter(unbroken.Token);
            return true;
        }
        catch (OperationCanceledException) when (unbroken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            _provisioning.Release();
        }
    }

    /// <summary>More than once: it is registered as more than one service.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
            return;
        await _unbroken.CancelAsync();
        await _provisioning.WaitAsync(); // whoever looks after the streams has ended by then
        await _nats.DisposeAsync();
        _provisioning.Dispose();
        _unbroken.Dispose();
    }
}
