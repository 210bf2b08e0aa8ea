using System.Diagnostics;
using System.Globalization;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Contenders;

/// <summary>A peer: a server, processes that work, and one that makes jobs and ends.</summary>
internal sealed class PeerContender : IContender
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MakingLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ProbePause = TimeSpan.FromMilliseconds(50);

    private readonly Peer _peer;
    private readonly Server _server;
    private readonly string _sink;
    private readonly List<ChildProcess> _workers = [];

    private PeerContender(Peer peer, Server server, string sink) => (_peer, _server, _sink) = (peer, server, sink);

    public static async Task<IContender> StartAsync(Peer peer, string sink)
    {
        var contender = new PeerContender(peer, await peer.StartServerAsync(), sink);
        for (var i = 0; i < peer.Workers; i++)
            contender._workers.Add(await contender.StartProcessAsync("work"));
        foreach (var worker in contender._workers)
            await contender.UntilReadyAsync(worker);
        return contender;
    }

    public TimeSpan MakingTakesAtMost(int jobs) => TimeSpan.FromSeconds(10 + (jobs / _peer.MadePerSecondAtLeast));

    public Task<double> MakeHerdAsync(string name, int jobs, DateTimeOffset due) => MakeAsync("herd", name, jobs, due);

    /// <summary>Its jobs have no end: the peer itself ends before the next load.</summary>
    public Task<double> MakeSteadyAsync(string name, int jobs, DateTimeOffset start, DateTimeOffset end) => MakeAsync("steady", name, jobs, start);

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
        await _server.DisposeAsync();
    }

    private async Task<double> MakeAsync(string role, string name, int jobs, DateTimeOffset due)
    {
        await using var maker = await StartProcessAsync(role, "--name", name, "--jobs", Text(jobs), "--due", Text(due.ToUnixTimeMilliseconds()));
        if (await maker.WaitForExitAsync(MakingLimit) != 0)
            throw new InvalidOperationException($"{_peer.Name} made no jobs. It printed:\n{maker.Tail()}");
        var ms = maker.Lines.Last(line => line.StartsWith("made ", StringComparison.Ordinal))["made ".Length..];
        return jobs * 1_000.0 / Math.Max(1, long.Parse(ms, CultureInfo.InvariantCulture));
    }

    private Task<ChildProcess> StartProcessAsync(string role, params string[] more)
    {
        var (program, arguments) = _peer.Command;
        return ChildProcess.StartAsync(new ProcessStartInfo(program, [.. arguments, role, "--connection", _server.ConnectionString, "--sink", _sink, .. more]) { WorkingDirectory = Path.GetTempPath() });
    }

    private async Task UntilReadyAsync(ChildProcess worker)
    {
        var started = Stopwatch.GetTimestamp();
        while (!worker.Lines.Contains("ready"))
        {
            if (worker.HasExited || Stopwatch.GetElapsedTime(started) > ReadyLimit)
                throw new InvalidOperationException($"{_peer.Name} did not start. It printed:\n{worker.Tail()}");
            await Task.Delay(ProbePause, TimeProvider.System);
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
