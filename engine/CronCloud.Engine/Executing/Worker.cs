using System.Collections.Concurrent;
using System.Text.Json;
using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
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
    private static readonly TimeSpan OutcomePause = TimeSpan.FromMilliseconds(250);

    /// <summary>So many workers may claim an attempt and be gone without an outcome: beyond that it is the execution that kills them.</summary>
    public const int MaxClaims = 3;

    private readonly Destinations _destinations = new(options.MaxPerDestination);
    private readonly ConcurrentDictionary<Delivery, Task> _held = [];
    private readonly SemaphoreSlim _room = new(0);
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationTokenSource _stopping = new();

    public string Name => "worker";

    /// <summary>What is in hand: to be extended while it runs.</summary>
    public IEnumerable<Delivery> Held => _held.Keys;

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var room = options.MaxHeld - _held.Count;
        if (room <= 0)
        {
            await _room.WaitAsync(PullWait, cancellation);
            return TimeSpan.Zero;
        }

        foreach (var delivery in await queue.PullAsync(Math.Min(room, BatchSize), PullWait, cancellation))
            Start(delivery);
        return TimeSpan.Zero;
    }

    /// <summary>What waits for a place at its destination goes back to the queue at once; what runs is waited for, and goes back when it has not ended by then.</summary>
    public async Task DrainAsync(TimeSpan patience)
    {
        await _draining.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_held.Values), Task.Delay(patience, time));
        await _stopping.CancelAsync();
        await Task.WhenAll(_held.Values);
    }

    public async ValueTask DisposeAsync()
    {
        await DrainAsync(TimeSpan.Zero);
        _draining.Dispose();
        _stopping.Dispose();
        _room.Dispose();
    }

    private void Start(Delivery delivery)
    {
        var started = new TaskCompletionSource();
        _held[delivery] = started.Task;
        _ = RunAsync(delivery, started);
    }

    private async Task RunAsync(Delivery delivery, TaskCompletionSource done)
    {
        try
        {
            await RunAsync(delivery, _stopping.Token);
        }
        catch (OperationCanceledException) when (_draining.IsCancellationRequested)
        {
            await ReturnAsync(delivery);
        }
        catch (Exception failure)
        {
            LogLetGo(failure.GetType().Name, failure.Message);
        }
        finally
        {
            _held.TryRemove(delivery, out _);
            if (_room.CurrentCount == 0)
                _room.Release();
            done.SetResult();
        }
    }

    private async Task RunAsync(Delivery delivery, CancellationToken cancellation)
    {
        Execution execution;
        try
        {
            execution = Execution.FromJson(delivery.Body.Span);
        }
        catch (JsonException unreadable)
        {
            LogUnreadable(unreadable.Message);
            await delivery.AcknowledgeAsync(cancellation);
            return;
        }

        var claims = execution.Claims + delivery.Count;
        await PublishAsync(claims > MaxClaims ? WorkerCrash(execution, claims - 1) : await TakeTurnAsync(execution, cancellation), cancellation);
        await delivery.AcknowledgeAsync(cancellation);
    }

    private async Task<Outcome> TakeTurnAsync(Execution execution, CancellationToken cancellation)
    {
        using (await _destinations.EnterAsync(execution.Target.Destination, _draining.Token))
            return await AttemptAsync(execution, cancellation);
    }

    /// <summary>Not tried once more: it would kill this worker too.</summary>
    private Outcome WorkerCrash(Execution execution, int claims) =>
        OutcomeOf(execution, Answer.Failed($"worker-crash: {claims} workers claimed this attempt and were not heard of again"), time.GetUtcNow(), TimeSpan.Zero) with { IsFinal = true };

    private async Task<Outcome> AttemptAsync(Execution execution, CancellationToken cancellation)
    {
        var startedAt = time.GetUtcNow();
        var started = time.GetTimestamp();
        var answer = await CallAsync(execution, cancellation);
        return OutcomeOf(execution, answer, startedAt, time.GetElapsedTime(started));
    }

    private Outcome OutcomeOf(Execution execution, Answer answer, DateTimeOffset startedAt, TimeSpan took) => new()
    {
        Execution = execution,
        Result = answer.Result,
        StartedAt = startedAt,
        DurationMs = (long)took.TotalMilliseconds,
        Node = node.Value,
        StatusCode = answer.StatusCode,
        Error = answer.Error,
        Output = answer.Output,
        RetryAfter = answer.RetryAfter,
    };

    /// <summary>A caller that throws has a bug, which must not send the execution round for ever: the attempt failed.</summary>
    private async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
    {
        if (callers.FirstOrDefault(c => c.Calls(execution)) is not { } caller)
            return Answer.Failed("this node has no caller for the job's kind of target");
        try
        {
            return await caller.CallAsync(execution, cancellation);
        }
        catch (Exception bug) when (!cancellation.IsCancellationRequested)
        {
            LogBug(bug, execution.AttemptId);
            return Answer.Failed($"the attempt could not be made: {bug.Message}");
        }
    }

    /// <summary>The attempt was made: its outcome must not be lost, so it is published until the stream has it.</summary>
    private async Task PublishAsync(Outcome outcome, CancellationToken cancellation)
    {
        var message = new StreamMessage(outcome.MessageId, outcome.Execution.Job.Partition, outcome.ToJson());
        while (true)
        {
            try
            {
                if ((await outcomes.PublishAsync([message], cancellation))[0])
                    return;
                LogOutcomeWaits(outcome.Execution.AttemptId, "refused");
            }
            catch (Exception broken) when (broken is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                LogOutcomeWaits(outcome.Execution.AttemptId, broken.Message);
            }

            await Task.Delay(OutcomePause, time, cancellation);
        }
    }

    /// <summary>Given back as a message of its own: a worker that is told to stop is none that crashed, and the queue would count it as one.</summary>
    private async Task ReturnAsync(Delivery delivery)
    {
        try
        {
            var execution = Execution.FromJson(delivery.Body.Span);
            var again = execution with { Returns = execution.Returns + 1, Claims = execution.Claims + delivery.Count - 1 };
            var published = await queue.PublishAsync([new StreamMessage(again.MessageId, again.Job.Partition, again.ToJson())], CancellationToken.None);
            await (published[0] ? delivery.AcknowledgeAsync(CancellationToken.None) : delivery.ReturnAsync(CancellationToken.None));
        }
        catch (Exception broken)
        {
            LogLetGo(broken.GetType().Name, broken.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Attempt {Attempt} could not be made")]
    private partial void LogBug(Exception bug, string attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "A message on the execution queue is no execution and is taken out: {Reason}")]
    private partial void LogUnreadable(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outcome of {Attempt} waits: {Reason}")]
    private partial void LogOutcomeWaits(string attempt, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An execution was let go and will be delivered again: {Kind}: {Reason}")]
    private partial void LogLetGo(string kind, string reason);
}

/// <summary>How this node is called in history and logs.</summary>
public sealed record NodeName(string Value);
