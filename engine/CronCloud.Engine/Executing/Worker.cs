using System.Collections.Concurrent;
using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using CronCloud.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Executing;

/// <summary>
/// Takes executions off the queue as far as it has room, and runs them side by side: call the target, publish the outcome and wait for
/// its acknowledgement, then acknowledge the execution. It holds no state that a crash could lose.
/// </summary>
public sealed partial class Worker(
    IExecutionQueue queue,
    IOutcomeStream outcomes,
    IEnumerable<ITargetCaller> callers,
    WorkerOptions options,
    NodeName node,
    TimeProvider time,
    ILogger<Worker> logger) : ILoop, IAsyncDisposable
{
    private const int BatchSize = 256;
    private static readonly TimeSpan PullWait = TimeSpan.FromSeconds(1);

    /// <summary>Between pulls that found less than they might: a pull costs the queue as much with one execution as with many.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan AcknowledgePause = TimeSpan.FromMilliseconds(250);

    /// <summary>So many workers may claim an attempt and be gone without an outcome: beyond that it is the execution that kills them.</summary>
    public const int MaxClaims = 3;

    /// <summary>About how long a suspect is put off: whoever only was beside the one that kills has had two deaths, and must start within 5 s all the same.</summary>
    private static readonly TimeSpan SuspectPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Each that is put off behind the same suspect comes back so much later than the one before it: together they would only put each other off again.</summary>
    private static readonly TimeSpan SuspectSpacing = TimeSpan.FromMilliseconds(50);
    private const int MostSpaced = 40;

    /// <summary>About how long an attempt is put off for the first time at a destination that is slow; then doubled each time, so often at most.</summary>
    private static readonly TimeSpan SlowPause = TimeSpan.FromSeconds(4);
    private const int MostDoublings = 5;

    /// <summary>After the stop, so long is tried to tell the outcomes of attempts that were made, and to give the others back.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);

    private readonly AttemptMaker _attempts = new(callers, node, time, logger);
    private readonly OutcomePublisher _outcomes = new(outcomes, time, logger);
    private readonly Destinations _destinations = new(options.MaxPerDestination, Math.Max(1, options.MaxHeld / 8), time);
    private readonly ConcurrentDictionary<string, HeldExecution> _held = [];
    private readonly EndedLately _ended = new(time);
    private readonly SemaphoreSlim _room = new(0);
    private readonly SemaphoreSlim _suspects = new(1);
    private int _behindSuspect;
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _leaving = new();

    public string Name => "worker";

    /// <summary>What is in hand: to be extended while it runs.</summary>
    public IEnumerable<Delivery> Held => _held.Values.SelectMany(held => held.Deliveries);

    public int HeldCount => _held.Count;

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var room = options.MaxHeld - _held.Count;
        if (room <= 0)
        {
            await _room.WaitAsync(PullWait, cancellation);
            return TimeSpan.Zero;
        }

        var deliveries = await queue.PullAsync(Math.Min(room, BatchSize), PullWait, cancellation);
        foreach (var held in deliveries.Select(Take).OfType<HeldExecution>().ToList())
            _ = HandleAsync(held);
        return deliveries.Count is > 0 and < BatchSize ? Gather : TimeSpan.Zero;
    }

    /// <summary>What waits for a place at its destination goes back to the queue at once; what runs is waited for, and goes back when it has not ended by then.</summary>
    public async Task DrainAsync(TimeSpan patience)
    {
        await _draining.CancelAsync();
        await AllGoneAsync().EndsWithinAsync(patience, time, CancellationToken.None);
        await _stopping.CancelAsync();
        await AllGoneAsync().EndsWithinAsync(LastWords, time, CancellationToken.None);
        await _leaving.CancelAsync();
        await AllGoneAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await DrainAsync(TimeSpan.Zero);
        _draining.Dispose();
        _stopping.Dispose();
        _leaving.Dispose();
        _room.Dispose();
        _suspects.Dispose();
    }

    private Task AllGoneAsync() => Task.WhenAll(_held.Values.Select(held => held.Gone));

    /// <summary>Null when there is nothing to run: what cannot be read, and what is in hand already.</summary>
    private HeldExecution? Take(Delivery delivery)
    {
        try
        {
            var held = new HeldExecution(Execution.FromJson(delivery.Body.Span), delivery);
            while (!_held.TryAdd(held.Execution.MessageId, held))
            {
                if (_held.TryGetValue(held.Execution.MessageId, out var running) && running.TryAdd(delivery))
                    return null;
                if (running is { IsOver: true })
                {
                    _ = AcknowledgeAsync([delivery]);
                    return null;
                }
            }

            if (!_ended.Contains(held.Execution.MessageId))
                return held;
            WorkerMetrics.DroppedCopy();
            Forget(held);
            _ = AcknowledgeAsync([delivery]);
            return null;
        }
        catch (Exception unreadable)
        {
            LogUnreadable(unreadable.GetType().Name, unreadable.Message);
            _ = AcknowledgeAsync([delivery]);
            return null;
        }
    }

    private async Task HandleAsync(HeldExecution held)
    {
        try
        {
            await _outcomes.PublishAsync(await OutcomeAsync(held), _leaving.Token);
            held.IsOver = true;
            _ended.Add(held.Execution.MessageId);
        }
        catch (Exception failure)
        {
            if (held.IsOver || failure is not OperationCanceledException || !_draining.IsCancellationRequested)
                LogLetGo(held.Execution.AttemptId, failure.GetType().Name, failure.Message);
            if (!held.IsOver)
                await ReturnAsync(held);
            Forget(held);
            return;
        }

        await AcknowledgeAsync(held.Close());
        Forget(held);
    }

    private void Forget(HeldExecution held)
    {
        held.Close();
        _held.TryRemove(new KeyValuePair<string, HeldExecution>(held.Execution.MessageId, held));
        if (_room.CurrentCount == 0)
            _room.Release();
        held.LetGo();
    }

    private async Task<Outcome> OutcomeAsync(HeldExecution held)
    {
        if (held.EarlierClaims >= MaxClaims)
            return _attempts.Crashed(held);
        if (!held.IsSuspect)
            return await TakeTurnAsync(held);
        if (!_suspects.Wait(0, CancellationToken.None))
            return _attempts.PutOff(held, "another execution whose workers were not heard of again runs on this node, and such run one by one", SuspectPause + (SuspectSpacing * Math.Min(Interlocked.Increment(ref _behindSuspect), MostSpaced)));
        try
        {
            await OtherSuspectsAsync(held);
            return await TakeTurnAsync(held);
        }
        finally
        {
            Volatile.Write(ref _behindSuspect, 0);
            _suspects.Release();
        }
    }

    /// <summary>Whoever of the suspects kills this worker takes no other with it: those that came together with it are away before it begins.</summary>
    private Task OtherSuspectsAsync(HeldExecution but) =>
        Task.WhenAll(_held.Values.Where(held => held != but && held.IsSuspect).Select(held => held.Gone)).WaitAsync(_draining.Token);

    private async Task<Outcome> TakeTurnAsync(HeldExecution held)
    {
        using var place = await _destinations.EnterAsync(held.Execution.Target.Destination, _draining.Token);
        if (place is null)
            return _attempts.PutOff(held, "too many attempts wait for the destination, which is slow", SlowPause * Math.Pow(2, Math.Min(held.Execution.PutOffs, MostDoublings)));
        var outcome = await _attempts.MakeAsync(held, _stopping.Token);
        held.IsOver = true;
        return outcome;
    }

    /// <summary>Until the queue has heard it: what is not acknowledged comes once more.</summary>
    private async Task AcknowledgeAsync(IReadOnlyList<Delivery> deliveries)
    {
        while (!_leaving.IsCancellationRequested)
        {
            try
            {
                await deliveries.AcknowledgeAsync(_leaving.Token);
                return;
            }
            catch (Exception away)
            {
                LogNotAcknowledged(deliveries.Count, away.GetType().Name, away.Message);
            }

            await Task.Delay(AcknowledgePause, time, _leaving.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>Given back as a message of its own: a worker that lives is none that crashed, and the queue would count it as one.</summary>
    private async Task ReturnAsync(HeldExecution held)
    {
        using var limit = new CancellationTokenSource(LastWords, time);
        try
        {
            WorkerMetrics.GaveBack();
            var again = held.Execution with { Returns = held.Execution.Returns + 1, Claims = held.EarlierClaims };
            var published = await queue.PublishAsync([new StreamMessage(again.MessageId, again.Job.Partition, again.ToJson())], limit.Token).WaitAsync(LastWords, time);
            held.IsOver = published[0];
            if (held.IsOver)
                await held.Close().AcknowledgeAsync(limit.Token);
            else
                await held.Deliveries[^1].ReturnAsync(limit.Token);
        }
        catch (Exception broken)
        {
            LogLapses(held.Execution.AttemptId, broken.GetType().Name, broken.Message);
        }
    }

    [LoggerMessage(EventId = 1202, Level = LogLevel.Error, Message = "A message on the execution queue is no execution and is taken out: {Kind}: {Reason}")]
    private partial void LogUnreadable(string kind, string reason);

    [LoggerMessage(EventId = 1205, Level = LogLevel.Warning, Message = "{Attempt} is let go: {Kind}: {Reason}")]
    private partial void LogLetGo(string attempt, string kind, string reason);

    [LoggerMessage(EventId = 1206, Level = LogLevel.Warning, Message = "{Count} deliveries could not be acknowledged yet: {Kind}: {Reason}")]
    private partial void LogNotAcknowledged(int count, string kind, string reason);

    [LoggerMessage(EventId = 1207, Level = LogLevel.Warning, Message = "{Attempt} could not be given back and comes again by itself: {Kind}: {Reason}")]
    private partial void LogLapses(string attempt, string kind, string reason);
}

/// <summary>How this node is called in history and logs.</summary>
public sealed record NodeName(string Value);
