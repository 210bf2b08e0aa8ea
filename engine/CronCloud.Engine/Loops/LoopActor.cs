using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Loops;

/// <summary>
/// Drives a loop: runs it, sleeps as long as it says, and runs it at once when woken. A failed run is tried again after a pause. A watchdog looks
/// after each run's age: one that hangs on a server that does not answer must not stop the loop.
/// </summary>
public sealed partial class LoopActor : ReceiveActor, IWithTimers
{
    /// <summary>The pause after the first failure; it doubles up to <see cref="LongestPause"/>.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>How long a cancelled run has to end before it is left behind.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>About once a minute while a server is away.</summary>
    private const int FailuresPerLine = 30;

    private readonly ILoop _loop;
    private readonly ILogger _logger;
    private readonly LoopMetrics _metrics;
    private readonly CancellationTokenSource _stopping = new();
    private TimeSpan _pause = FirstPause;
    private int _failures;
    private CancellationTokenSource? _run;
    private bool _running;
    private bool _wokenMeanwhile;
    private IActorRef? _drainer;

    public LoopActor(ILoop loop, ILoggerFactory loggers)
    {
        _loop = loop;
        _logger = loggers.CreateLogger("CronCloud." + loop.Name);
        _metrics = new LoopMetrics(loop.Name);
        Receive<Wake>(_ => OnWake());
        Receive<Ran>(OnRan);
        Receive<Hangs>(OnHangs);
        Receive<Drain>(_ => OnDrain());
    }

    /// <summary>There may be something to do now.</summary>
    public sealed record Wake
    {
        public static readonly Wake Up = new();
    }

    /// <summary>Finish the run at hand, begin no other, and answer <see cref="Drained"/>.</summary>
    public sealed record Drain
    {
        public static readonly Drain Now = new();
    }

    public sealed record Drained
    {
        public static readonly Drained Done = new();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(ILoop loop, ILoggerFactory loggers) => Akka.Actor.Props.Create(() => new LoopActor(loop, loggers));

    protected override void PreStart()
    {
        _metrics.Begin();
        Run();
    }

    protected override void PostStop()
    {
        _stopping.Cancel();
        _stopping.Dispose();
        _run?.Dispose();
    }

    private void OnWake()
    {
        if (_running)
            _wokenMeanwhile = true;
        else if (_drainer is null)
            Run();
    }

    private void Run()
    {
        _running = true;
        _wokenMeanwhile = false;
        Timers.Cancel(nameof(Wake));
        _run?.Dispose();
        _run = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _run.CancelAfter(_loop.Limit);
        Timers.StartSingleTimer(nameof(Hangs), new Hangs(_run), _loop.Limit + Grace);
        RunLoopAsync(_run).PipeTo(Self);
    }

    private async Task<Ran> RunLoopAsync(CancellationTokenSource run)
    {
        try
        {
            return new Ran(run, await _loop.RunOnceAsync(run.Token), null);
        }
        catch (Exception failure)
        {
            var isLate = failure is OperationCanceledException && run.IsCancellationRequested;
            return new Ran(run, TimeSpan.Zero, isLate ? new TimeoutException($"one run did not end within {_loop.Limit.TotalSeconds:0} s", failure) : failure);
        }
    }

    private void OnHangs(Hangs hangs)
    {
        if (!_running || hangs.Run != _run)
            return;
        _metrics.Hung();
        LogHangs(_loop.Name, (_loop.Limit + Grace).TotalSeconds);
        if (_drainer is null)
            Run();
        else
            _drainer.Tell(Drained.Done);
    }

    private void OnRan(Ran ran)
    {
        if (ran.Run != _run)
            return;
        _running = false;
        Timers.Cancel(nameof(Hangs));
        if (_drainer is not null)
        {
            _drainer.Tell(Drained.Done);
            return;
        }

        if (ran.Failure is null)
        {
            if (_failures > 0)
                LogRecovered(_loop.Name, _failures);
            _failures = 0;
            _pause = FirstPause;
            if (_wokenMeanwhile || ran.Sleep <= TimeSpan.Zero)
                Run();
            else
                Timers.StartSingleTimer(nameof(Wake), Wake.Up, ran.Sleep);
            return;
        }

        _metrics.Failed();
        if (_failures++ % FailuresPerLine == 0)
            LogFailed(_loop.Name, Describe(ran.Failure), _failures);
        Timers.StartSingleTimer(nameof(Wake), Wake.Up, _pause);
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    private void OnDrain()
    {
        _drainer = Sender;
        Timers.Cancel(nameof(Wake));
        if (!_running)
            _drainer.Tell(Drained.Done);
    }

    /// <summary>A server that is away is expected: its message says enough. Anything else is a bug, and shown whole.</summary>
    private static string Describe(Exception failure) =>
        failure is NullReferenceException or ArgumentException or InvalidCastException or IndexOutOfRangeException or KeyNotFoundException
            ? failure.ToString()
            : $"{failure.GetType().Name}: {failure.Message}";

    [LoggerMessage(EventId = 1601, Level = LogLevel.Warning, Message = "{Loop} failed ({Times}) and is tried again: {Failure}")]
    private partial void LogFailed(string loop, string failure, int times);

    [LoggerMessage(EventId = 1602, Level = LogLevel.Information, Message = "{Loop} runs again after {Times} failures")]
    private partial void LogRecovered(string loop, int times);

    [LoggerMessage(EventId = 1603, Level = LogLevel.Error, Message = "{Loop} hangs after {Seconds} s: the run is left behind and a new one begins")]
    private partial void LogHangs(string loop, double seconds);

    private sealed record Ran(CancellationTokenSource Run, TimeSpan Sleep, Exception? Failure);

    private sealed record Hangs(CancellationTokenSource Run);
}
