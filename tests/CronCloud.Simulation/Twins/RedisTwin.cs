using System.Reflection;
using CronCloud.Backends.DueIndex;
using CronCloud.Core.Cluster;
using CronCloud.Core.Due;

namespace CronCloud.Simulation.Twins;

/// <summary>
/// The product's own due index and leases in memory, and what Redis does to them: it can be emptied, and it can come back with less than it had. As in
/// Redis, a log of commands is what is kept: an older copy of the index is the log without its end, carried out once more.
/// </summary>
internal sealed class RedisTwin
{
    private readonly TimeProvider _time;
    private readonly LeaseKeeper _leases;
    private readonly IndexLog _log;

    public RedisTwin(TimeProvider time)
    {
        _time = time;
        _leases = new LeaseKeeper(time);
        _log = new IndexLog(time);
        Index = IndexLogProxy.Of(_log);
    }

    public IDueIndex Index { get; }

    public IPartitionLeases Leases => _leases;

    public IRoster Roster => _leases;

    /// <summary>FLUSHALL: the server goes on, and so does its incarnation.</summary>
    public void Empty()
    {
        _log.KeepFirst(0);
        _leases.Restart(_time);
    }

    /// <summary>Started again without every command since the instant, as from a truncated log or an older snapshot. Answers how many those were.</summary>
    public int RollBackTo(DateTimeOffset instant)
    {
        _leases.Restart(_time);
        _log.Incarnation++;
        return _log.KeepUntil(instant);
    }

    /// <summary>A keeper of leases that can be started anew, and then knows none.</summary>
    private sealed class LeaseKeeper(TimeProvider time) : IPartitionLeases, IRoster
    {
        private MemoryLeases _leases = new(time);

        public void Restart(TimeProvider time) => _leases = new MemoryLeases(time);

        public Task<IReadOnlySet<int>> AcquireAsync(string owner, IReadOnlyCollection<int> partitions, TimeSpan life, CancellationToken cancellation) => _leases.AcquireAsync(owner, partitions, life, cancellation);

        public Task ReleaseAsync(string owner, IReadOnlyCollection<int> partitions, CancellationToken cancellation) => _leases.ReleaseAsync(owner, partitions, cancellation);

        public Task<RollCall> AnnounceAsync(string roster, string name, TimeSpan life, CancellationToken cancellation) => _leases.AnnounceAsync(roster, name, life, cancellation);

        public Task LeaveAsync(string roster, string name, CancellationToken cancellation) => _leases.LeaveAsync(roster, name, cancellation);
    }
}

/// <summary>A due index and the log of all that was asked of it.</summary>
internal sealed class IndexLog(TimeProvider time)
{
    private readonly List<(DateTimeOffset At, MethodInfo Command, object?[] Arguments)> _commands = [];
    private readonly List<Action<int>> _listeners = [];
    private MemoryDueIndex _index = new();
    private int _life;

    public int Incarnation { get; set; } = 1;

    public object? Invoke(MethodInfo command, object?[] arguments)
    {
        switch (command.Name)
        {
            case "add_Woken":
                _listeners.Add((Action<int>)arguments[0]!);
                _index.Woken += (Action<int>)arguments[0]!;
                return null;
            case "remove_Woken":
                _listeners.Remove((Action<int>)arguments[0]!);
                _index.Woken -= (Action<int>)arguments[0]!;
                return null;
            case nameof(IDueIndex.ReadIncarnationAsync):
                return Task.FromResult($"run-{Incarnation}");
            case nameof(IDueIndex.BeginBuildAsync):
                _commands.Add((time.GetUtcNow(), command, arguments));
                return Task.FromResult($"{_life}.{((Task<string>)Carry(command, arguments)!).Result}");
            case nameof(IDueIndex.EndBuildAsync):
                return EndBuild(command, arguments);
            default:
                if (IsLogged(command))
                    _commands.Add((time.GetUtcNow(), command, arguments));
                return Carry(command, arguments);
        }
    }

    public int KeepUntil(DateTimeOffset instant)
    {
        var kept = _commands.FindLastIndex(c => c.At < instant) + 1;
        var lost = _commands.Count - kept;
        KeepFirst(kept);
        return lost;
    }

    public void KeepFirst(int count)
    {
        _commands.RemoveRange(count, _commands.Count - count);
        _index = new MemoryDueIndex();
        _life++;
        foreach (var (_, command, arguments) in _commands)
            Carry(command, arguments);
        foreach (var listener in _listeners)
            _index.Woken += listener;
    }

    /// <summary>A build that was begun before the index lost something is not the one that was begun last, though its number may be.</summary>
    private object? EndBuild(MethodInfo command, object?[] arguments)
    {
        var (build, life) = ((string)arguments[1]!, $"{_life}.");
        if (!build.StartsWith(life, StringComparison.Ordinal))
            return Task.FromResult(false);
        var own = arguments.ToArray();
        own[1] = build[life.Length..];
        _commands.Add((time.GetUtcNow(), command, own));
        return Carry(command, own);
    }

    /// <summary>A scan is: it keeps how far its asker has come.</summary>
    private static bool IsLogged(MethodInfo command) =>
        !command.Name.StartsWith("Read", StringComparison.Ordinal) && command.Name is not (nameof(IDueIndex.FindAsync) or nameof(IDueIndex.FindFlightAsync) or nameof(IDueIndex.StampAsync) or nameof(IDueIndex.ListAsync));

    private object? Carry(MethodInfo command, object?[] arguments) => command.Invoke(_index, BindingFlags.DoNotWrapExceptions, null, arguments, null);
}

/// <summary>The log as the seam that the product knows, whatever commands that has.</summary>
internal class IndexLogProxy : DispatchProxy
{
    private IndexLog _log = null!;

    public static IDueIndex Of(IndexLog log)
    {
        var proxy = Create<IDueIndex, IndexLogProxy>();
        ((IndexLogProxy)(object)proxy)._log = log;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _log.Invoke(targetMethod!, args ?? []);
}
