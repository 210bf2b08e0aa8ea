using CronCloud.Faults.Checking;
using CronCloud.Faults.Evidence;
using CronCloud.Faults.Nemesis;
using CronCloud.TestServers;

namespace CronCloud.Faults.Running;

/// <summary>Three nodes on real servers under a steady load, the faults that were declared, and what the checker says of it all.</summary>
public sealed class FaultCluster : IAsyncDisposable
{
    /// <summary>What a killed reader of outcomes held comes to another after 20 s.</summary>
    private static readonly TimeSpan HistoryLag = TimeSpan.FromSeconds(30);

    /// <summary>For what may still come in time: a little longer than a start may be late without a fault.</summary>
    private static readonly TimeSpan OnTimePatience = TimeSpan.FromSeconds(6);

    /// <summary>For what is too late already: what is not there by then is missed.</summary>
    private static readonly TimeSpan LatePatience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Vicinity = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    /// <summary>Longer than the latest that any fault allows.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(3);

    /// <summary>So long after a heal the servers may hold what they should not: a change that came to the record and not to the index is found by a scan.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly DeclaredFaults _faults;
    private readonly Supervisor _supervisor;
    private readonly StateReader _state;
    private readonly HashSet<Violation> _told = [];
    private readonly TimeSpan _slack;
    private DateTimeOffset _from;
    private DateTimeOffset _historyFrom;
    private Editor _editor = null!;

    private FaultCluster(ClusterInstallation nodes, SinkProcess sink, TimeSpan slack)
    {
        (Nodes, Sink, _slack) = (nodes, sink, slack);
        _faults = new DeclaredFaults(_time);
        _supervisor = new Supervisor(nodes, _time);
        Client = new JobsClient(() => nodes.Http.BaseAddress!, sink.Url, _time);
        _state = new StateReader(nodes, _time);
        Api = new ApiReader(() => nodes.Http.BaseAddress!, _time);
    }

    public ClusterInstallation Nodes { get; }

    public SinkProcess Sink { get; }

    public JobsClient Client { get; }

    public ApiReader Api { get; }

    public DateTimeOffset Now => _time.GetUtcNow();

    /// <param name="settingsOf">See <see cref="ClusterInstallation.StartAsync"/>.</param>
    /// <param name="breaksAll">Whether networks and disks are to break too: what the nodes and servers tell each other then goes through one more process, which costs time.</param>
    /// <param name="slack">See <see cref="Observed.Slack"/>.</param>
    public static async Task<FaultCluster> StartAsync(Func<int, (string Name, string Value)[]>? settingsOf = null, bool breaksAll = false, TimeSpan slack = default)
    {
        var sink = await SinkProcess.StartAsync();
        var cluster = new FaultCluster(await ClusterInstallation.StartAsync(settingsOf, linked: breaksAll, onSmallDisks: breaksAll && DiskFaults.CanFill), sink, slack);
        await cluster.StartLoadAsync();
        return cluster;
    }

    /// <summary>A whole second at least so far ahead.</summary>
    public DateTimeOffset WholeSecond(double secondsAhead) => DateTimeOffset.FromUnixTimeSeconds((long)Math.Ceiling(Now.ToUnixTimeMilliseconds() / 1_000.0 + secondsAhead));

    public Task UntilAsync(DateTimeOffset instant) => instant > Now ? Task.Delay(instant - Now, _time) : Task.CompletedTask;

    public Task ForAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), _time);

    /// <summary>Looks until it holds; throws when it does not within the patience.</summary>
    public Task UntilAsync(Func<Task<bool>> holds, TimeSpan patience, string what) => Look.UntilAsync(holds, patience, what, _time);

    /// <inheritdoc cref="DeclaredFaults.Begin"/>
    public DateTimeOffset Begin(string fault, bool mayRepeat, bool keepsFromTarget = false) => _faults.Begin(fault, mayRepeat, keepsFromTarget);

    /// <inheritdoc cref="DeclaredFaults.HasLost"/>
    public void HasLost(TimeSpan lost) => _faults.HasLost(lost);

    /// <inheritdoc cref="DeclaredFaults.End"/>
    public void End(TimeSpan bound) => _faults.End(bound);

    /// <inheritdoc cref="Supervisor.ReviveAsync"/>
    public Task ReviveAsync() => _supervisor.ReviveAsync();

    /// <inheritdoc cref="StateReader.ReadLeaseHoldersAsync"/>
    public Task<IReadOnlySet<string>> ReadLeaseHoldersAsync() => _state.ReadLeaseHoldersAsync();

    /// <summary>The latest that each process printed.</summary>
    public string Tails() => _supervisor.Tails();

    /// <summary>The faults that were there when the execution was due, and what was done to its job around then.</summary>
    public string Near(Violation violation)
    {
        if (violation.Due is not { } due)
            return "";
        var faults = _faults.Read().Where(w => w.Delays(due)).Select(w => w.Fault);
        var changes = Client.Log.Read().Where(o => o.Job == violation.Job && (o.InvokedAt - due).Duration() < Vicinity)
            .Select(o => $"{o.Kind} {o.InvokedAt:ss.fff} to {o.EndedAt:ss.fff} {o.Result}");
        return string.Join(", ", faults.Concat(changes));
    }

    /// <summary>
    /// Waits for a while until everything is there, and holds the run against the invariants: the due times from the instant on for the numbers,
    /// and the last ten minutes for violations that nobody was told yet. What a fault allows to come later is awaited by the checks after this one.
    /// </summary>
    public async Task<CheckReport> CheckAsync(DateTimeOffset from)
    {
        var until = Now;
        while (IsAwaited(Checker.Check(Observe(from, until)), until))
            await Task.Delay(Look.Pause, _time);

        var readings = await _editor.WhileQuietAsync(() => Api.ReadJobsAsync(Client.Log.Read().Select(o => o.Job)));
        var report = Checker.Check(Observe(from, until) with { Readings = readings, Stored = await UntilAtRestAsync(from, until) });
        var violations = report.Violations.Concat(Checker.Check(Observe(Recent(until), until)).Violations).Concat(await CheckHistoryAsync(until - HistoryLag)).Where(_told.Add).ToList();
        return report with { Violations = violations };
    }

    private bool IsAwaited(CheckReport soFar, DateTimeOffset until) =>
        soFar.Received < soFar.Expected && Now < until + (soFar.Missed > 0 ? LatePatience : OnTimePatience + _slack);

    /// <summary>What the servers hold, as soon as it is what it should be, or at the end of the patience.</summary>
    private async Task<StoredState> UntilAtRestAsync(DateTimeOffset from, DateTimeOffset until)
    {
        var limit = Now + Settling;
        while (true)
        {
            var stored = await _editor.WhileQuietAsync(_state.ReadAsync);
            if (!Checker.Check(Observe(from, until) with { Stored = stored }).Violations.Any(v => v.Invariant is "I8" or "I11") || Now > limit)
                return stored;
            await Task.Delay(Look.Pause * 5, _time);
        }
    }

    /// <summary>History of what is older than its lag, and was not checked yet: rows that wait must come, at most so long.</summary>
    public async Task<IReadOnlyList<Violation>> CheckHistoryAsync(DateTimeOffset until)
    {
        if (until <= _historyFrom)
            return [];
        var recorded = await Api.ReadHistoryAsync(_historyFrom, until);
        var violations = Checker.Check(Observe(_historyFrom, until) with { History = recorded }).Violations;
        _historyFrom = until;
        return violations;
    }

    /// <summary>History up to the instant, as soon as it is whole; what is missing after the lag stays a violation.</summary>
    public async Task<IReadOnlyList<Violation>> UntilHistoryIsWholeAsync(DateTimeOffset from, DateTimeOffset until)
    {
        var limit = Now + HistoryLag;
        while (true)
        {
            var violations = Checker.Check(Observe(from, until) with { History = await Api.ReadHistoryAsync(from, until) }).Violations.Where(v => v.Invariant is "I1" or "I9" && !_told.Contains(v)).ToList();
            if (violations.Count == 0 || Now > limit)
                return violations;
            await Task.Delay(Look.Pause * 5, _time);
        }
    }

    /// <summary>The whole run once more, with all of history: what no test saw.</summary>
    public async Task<IReadOnlyList<Violation>> EndAsync()
    {
        var until = Now;
        await UntilAsync(() => Task.FromResult(Checker.Check(Observe(Recent(until), until)) is { Awaited: 0 }), EndLimit, "An end of what is awaited");
        var late = await UntilHistoryIsWholeAsync(_historyFrom, until);
        return [.. Checker.Check(Observe(Recent(until), until)).Violations.Concat(late).Where(_told.Add)];
    }

    public async ValueTask DisposeAsync()
    {
        await _editor.DisposeAsync();
        await _supervisor.DisposeAsync();
        await Nodes.DisposeAsync();
        await Sink.DisposeAsync();
        Client.Dispose();
        Api.Dispose();
    }

    private async Task StartLoadAsync()
    {
        _from = _historyFrom = WholeSecond(0);
        await Client.PutAllAsync(Load.Steady(_from));
        _editor = new Editor(Client, _from, _time);
        _editor.Start();
    }

    /// <summary>Far enough back for anything that a fault may still lead to.</summary>
    private DateTimeOffset Recent(DateTimeOffset until) => until - Memory > _from ? until - Memory : _from;

    private Observed Observe(DateTimeOffset from, DateTimeOffset until) => new()
    {
        Operations = Client.Log.Read(),
        Deliveries = Sink.Ledger.Read(),
        Windows = _faults.Read(),
        From = from,
        Until = until,
        ReadAt = Now,
        Slack = _slack,
    };
}
