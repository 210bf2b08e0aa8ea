using CronCloud.Engine.Loops;
using CronCloud.Simulation.Checking;

namespace CronCloud.Simulation.Nodes;

/// <summary>Drives a loop as the product's actor does: sleeps as long as it says, runs it at once when woken, and again after a pause when it failed.</summary>
internal sealed class LoopDriver(NodeProcess node, ILoop loop, Ledger ledger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new();
    private readonly Signal _waking = new();
    private bool _woken;
    private bool _draining;

    public void Start() => node.World.Begin(RunAsync);

    public void Wake()
    {
        _woken = true;
        _waking.Set();
    }

    /// <summary>Ends when the run at hand has; no other begins.</summary>
    public Task DrainAsync()
    {
        _draining = true;
        Wake();
        return _drained.Task;
    }

    public void Stop() => _stopping.Cancel();

    private async Task RunAsync()
    {
        var pause = FirstPause;
        while (!_draining && !_stopping.IsCancellationRequested)
        {
            _woken = false;
            TimeSpan sleep;
            try
            {
                sleep = await loop.RunOnceAsync(_stopping.Token);
                pause = FirstPause;
            }
            catch (Exception failure)
            {
                ledger.AddFailure(node, loop.Name, failure);
                sleep = pause;
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                _woken = false;
            }

            if (sleep > TimeSpan.Zero && !_woken && !_draining)
                await _waking.WaitAsync(node.Time, sleep, CancellationToken.None);
        }

        _drained.TrySetResult();
    }
}
