using CronCloud.TestServers;

namespace CronCloud.Faults.Running;

/// <summary>
/// Starts processes again that ended. The gateway at once, as everywhere: one that was alone for too long ends by itself. Nodes when asked, since tests
/// wait for their deaths.
/// </summary>
internal sealed class Supervisor : IAsyncDisposable
{
    private const int TailLines = 40;
    private static readonly TimeSpan ReviveLimit = TimeSpan.FromSeconds(60);

    private readonly ClusterInstallation _nodes;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _supervising;

    public Supervisor(ClusterInstallation nodes, TimeProvider time)
    {
        (_nodes, _time) = (nodes, time);
        _supervising = SuperviseGatewayAsync();
    }

    private IEnumerable<CronCloudProcess> All => _nodes.Nodes.Append(_nodes.Gateway).OfType<CronCloudProcess>();

    /// <summary>Starts every node that is not there, and waits until all serve. One that was out of the cluster ends when it notices, and is started too.</summary>
    public async Task ReviveAsync()
    {
        try
        {
            await Look.UntilAsync(TryReviveAsync, ReviveLimit, "A cluster of three that serve", _time);
        }
        catch (TimeoutException late)
        {
            var said = await Task.WhenAll(All.Select(async n => $"{await n.ReadinessAsync()}\n{n.Tail(TailLines)}"));
            throw new InvalidOperationException($"{late.Message} They say:\n{string.Join("\n\n", said)}", late);
        }
    }

    public string Tails() => string.Join("\n\n", All.Select(n => n.Tail(TailLines)));

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _supervising;
        _ending.Dispose();
    }

    private async Task<bool> TryReviveAsync()
    {
        for (var node = 0; node < 3; node++)
        {
            if (_nodes.Nodes[node] is { HasExited: true })
                await _nodes.KillNodeAsync(node);
            if (_nodes.Nodes[node] is null)
                await _nodes.StartNodeAsync(node);
        }

        var ready = await Task.WhenAll(All.Select(n => n.IsReadyAsync()));
        return ready.All(r => r);
    }

    private async Task SuperviseGatewayAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            if (_nodes.Gateway.HasExited)
                await _nodes.StartGatewayAsync();
            await Task.Delay(Look.Pause, _time, _ending.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }
}
