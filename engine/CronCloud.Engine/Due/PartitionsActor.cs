using Akka.Actor;
using CronCloud.Core.Due;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>Keeps a loop running for each partition that this node owns, and hands over those that it no longer does.</summary>
public sealed partial class PartitionsActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(10);

    private readonly PartitionOwner _owner;
    private readonly IDueIndex _index;
    private readonly Func<int, ILoop> _loopOf;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly Dictionary<int, IActorRef> _loops = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _handOvers = [];
    private Action<int> _wake = _ => { };
    private Task _look = Task.CompletedTask;
    private bool _draining;

    public PartitionsActor(PartitionOwner owner, IDueIndex index, Func<int, ILoop> loopOf, ILoggerFactory loggers)
    {
        _owner = owner;
        _index = index;
        _loopOf = loopOf;
        _loggers = loggers;
        _logger = loggers.CreateLogger<PartitionsActor>();
        Receive<Look>(_ => OnLook());
        Receive<Placement>(OnPlacement);
        Receive<LookFailed>(OnLookFailed);
        Receive<HandOverFailed>(failed => OnHandOverFailed(failed.Failure));
        Receive<Woken>(w => _loops.GetValueOrDefault(w.Partition)?.Tell(LoopActor.Wake.Up));
        Receive<NoLook>(_ => { });
        ReceiveAsync<LoopActor.Drain>(_ => DrainAsync());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(PartitionOwner owner, IDueIndex index, Func<int, ILoop> loopOf, ILoggerFactory loggers) =>
        Akka.Actor.Props.Create(() => new PartitionsActor(owner, index, loopOf, loggers));

    protected override void PreStart()
    {
        var self = Self;
        _wake = partition => self.Tell(new Woken(partition));
        _index.Woken += _wake;
        Self.Tell(Look.Now);
    }

    protected override void PostStop()
    {
        _index.Woken -= _wake;
        _stopping.Cancel();
        _stopping.Dispose();
    }

    /// <summary>By what really runs: should this actor have been started anew, nothing does.</summary>
    private void OnLook()
    {
        var look = _owner.RunOnceAsync([.. _loops.Keys], _stopping.Token);
        _look = look;
        look.PipeTo(Self, success: p => p, failure: f => new LookFailed(f));
    }

    private void OnPlacement(Placement placement)
    {
        if (_draining)
            return;
        foreach (var partition in placement.Gained)
            _loops[partition] = Context.ActorOf(LoopActor.Props(_loopOf(partition), _loggers));
        if (placement.Lost.Count > 0)
            HandOver([.. placement.Lost.Where(_loops.ContainsKey)]);
        if (placement.Gained.Count + placement.Lost.Count > 0)
        {
            PlacementMetrics.Changed(placement.Gained.Count, placement.Lost.Count);
            LogPlacement(placement.Gained.Count, placement.Lost.Count, _loops.Count);
        }

        Timers.StartSingleTimer(nameof(Look), Look.Now, placement.Next);
    }

    private void HandOver(List<int> partitions)
    {
        var handOver = HandOverAsync(partitions, Self);
        _handOvers.RemoveAll(one => one.IsCompleted);
        _handOvers.Add(handOver);
        handOver.PipeTo(Self, success: () => NoLook.Instance, failure: f => new HandOverFailed(f));
    }

    private void OnLookFailed(LookFailed failed)
    {
        PlacementMetrics.Failed();
        LogLookFailed(failed.Failure.GetType().Name, failed.Failure.Message);
        Timers.StartSingleTimer(nameof(Look), Look.Now, PartitionOwner.Interval);
    }

    private void OnHandOverFailed(Exception failure)
    {
        PlacementMetrics.Failed();
        LogHandOverFailed(failure.GetType().Name, failure.Message);
    }

    /// <summary>The run at hand ends first, so that the next owner finds nothing half done.</summary>
    private async Task HandOverAsync(List<int> partitions, IActorRef self)
    {
        var loops = partitions.ConvertAll(p => _loops[p]);
        partitions.ForEach(p => _loops.Remove(p));
        try
        {
            await Task.WhenAll(loops.Select(loop => loop.Ask<LoopActor.Drained>(LoopActor.Drain.Now, PartitionOwner.LeaseLife)));
            await _owner.ReleaseAsync(partitions, CancellationToken.None);
        }
        finally
        {
            loops.ForEach(loop => loop.Tell(PoisonPill.Instance, self));
        }
    }

    /// <summary>A run that does not end in time must not keep the others' leases, nor may a look that is under way take them again.</summary>
    private async Task DrainAsync()
    {
        var asker = Sender;
        _draining = true;
        Timers.CancelAll();
        try
        {
            await _look.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(PartitionOwner.LeaseLife);
            await Task.WhenAll(_handOvers).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(PartitionOwner.LeaseLife);
            await Task.WhenAll(_loops.Values.Select(loop => loop.Ask<LoopActor.Drained>(LoopActor.Drain.Now, DrainPatience)));
        }
        catch (Exception late) when (late is AskTimeoutException or TimeoutException)
        {
            OnHandOverFailed(late);
        }

        await _owner.LeaveAsync(CancellationToken.None);
        asker.Tell(LoopActor.Drained.Done);
    }

    [LoggerMessage(EventId = 1114, Level = LogLevel.Information, Message = "Partitions: {Gained} taken over, {Lost} handed over, {Held} held")]
    private partial void LogPlacement(int gained, int lost, int held);

    [LoggerMessage(EventId = 1115, Level = LogLevel.Warning, Message = "Leases could not be renewed: {Kind}: {Reason}")]
    private partial void LogLookFailed(string kind, string reason);

    [LoggerMessage(EventId = 1116, Level = LogLevel.Warning, Message = "Partitions could not be handed over: {Kind}: {Reason}")]
    private partial void LogHandOverFailed(string kind, string reason);

    private sealed record Look
    {
        public static readonly Look Now = new();
    }

    private sealed record NoLook
    {
        public static readonly NoLook Instance = new();
    }

    private sealed record LookFailed(Exception Failure);

    private sealed record HandOverFailed(Exception Failure);

    private sealed record Woken(int Partition);
}
